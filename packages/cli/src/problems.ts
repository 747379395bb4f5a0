import type { Problem } from '@seamark/core'
import type { SeamError } from '@seamark/kit'
import type { Style } from './style.ts'
import { harmless, harmlessDocument } from './style.ts'
import { counted } from './words.ts'

const mostShown = 20

/**
 * An error for people: each problem with `file:line:column`, its code and what to do. `file` is the document that places are in.
 * The first `shown` problems, 20 where it is not said.
 */
export function explainError(error: SeamError, style: Style, file?: string, shown: number = mostShown): string {
  const lines = error.problems.slice(0, shown).flatMap((problem) => explain(problem, style, file))
  const more = error.problems.length - shown
  if (more > 0) lines.push(style.dim(`  and ${counted(more, 'more problem')}; --json lists all`))
  if (error.code === 'INTERNAL' && error.stack !== undefined) lines.push(style.dim(error.stack))
  return `${lines.join('\n')}\n`
}

function explain({ code, message, place, remedy }: Problem, style: Style, file: string | undefined): string[] {
  const named = place?.file ?? file
  const where = place === undefined || named === undefined ? '' : `${style.bold(position(harmless(named), place))}: `
  const head = `${where}${style.red(code)} ${harmless(message)}`
  return remedy === undefined ? [head] : [head, `  ${style.dim('→')} ${harmless(remedy)}`]
}

function position(file: string, place: NonNullable<Problem['place']>): string {
  const { line, column, pointer } = place
  if (line === undefined) return pointer === '' ? file : `${file} at ${pointer}`
  return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`
}

/** The same for programs: the one document that `--json` writes to standard error. */
export function errorDocument(error: SeamError): string {
  const { code, message, problems } = error
  return `${harmlessDocument(JSON.stringify({ error: { code, message, problems } }), 'json')}\n`
}
