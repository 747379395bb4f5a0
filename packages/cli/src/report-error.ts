import { ERRORS, toSeamError } from '@seamark/kit'
import { errorDocument, explainError } from './problems.ts'
import type { Terminal } from './terminal.ts'

/** Tells of an error on standard error and gives its exit code. */
export function reportError(
  io: Terminal,
  thrown: unknown,
  options: {
    readonly json: boolean
    /** The document that places are in. */
    readonly file?: string
  },
): number {
  const error = toSeamError(thrown)
  io.err(options.json ? errorDocument(error) : explainError(error, io.errStyle, options.file))
  return ERRORS[error.code].exit
}
