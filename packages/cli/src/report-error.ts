import { ERRORS, toSeamError } from '@seamark/kit'
import { errorDocument, explainError } from './problems.ts'
import type { Terminal } from './terminal.ts'

/** Tells of an error on standard error and gives its exit code. That standard output is lost is told once, at the end. */
export function reportError(
  io: Terminal,
  thrown: unknown,
  options: {
    readonly json: boolean
    /** The document that places are in. */
    readonly file?: string
    /** How many problems are told to people. Default 20. */
    readonly shown?: number
  },
): number {
  const error = toSeamError(thrown)
  if (error !== io.lostFor())
    io.err(options.json ? errorDocument(error) : explainError(error, io.errStyle, options.file, options.shown))
  return ERRORS[error.code].exit
}
