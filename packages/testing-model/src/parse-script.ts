import type { Place, Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { isNode, Lexer, LineCounter, parseDocument, Parser } from 'yaml'
import type { Document } from 'yaml'
import type { z } from 'zod'
import { MODEL_SERVER_LIMITS } from './limits.ts'
import { isTooDeep } from './json.ts'
import type { ModelScript } from './script.ts'
import { scriptSchema } from './script-schema.ts'

type Path = readonly PropertyKey[]

const pointerOf = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** An unlike union is told by what its nearest member lacks: the one with the fewest issues, none of them about its name. */
function told(issue: z.core.$ZodIssue, path: Path): readonly (readonly [Path, string])[] {
  const here = [...path, ...issue.path]
  if (issue.code === 'invalid_union') {
    const members = issue.errors.filter((errors) => errors.length > 0)
    const weight = (errors: readonly z.core.$ZodIssue[]): number =>
      errors.reduce((sum, one) => sum + (one.path.length === 0 ? 100 : 1), 0)
    const nearest = members.toSorted((a, b) => weight(a) - weight(b))[0]
    if (nearest !== undefined) return nearest.flatMap((one) => told(one, here))
  }
  return [[here, issue.message]]
}

function refuse(problems: readonly Problem[]): never {
  const [first] = problems
  throw new SeamError('INVALID_INPUT', `The script is not valid: ${first?.message ?? ''}`, { problems })
}

function check(value: unknown, placeOf: (path: Path) => Place): ModelScript {
  if (isTooDeep(value)) refuse([{ code: 'LIMIT_EXCEEDED', message: 'The script is nested too deep.' }])
  const parsed = scriptSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const found = parsed.error.issues
    .flatMap((issue) => told(issue, []))
    .map(([path, message]): Problem & { place: Place } => ({ code: 'INVALID_INPUT', message, place: placeOf(path) }))
  const { scriptBytes } = MODEL_SERVER_LIMITS
  const order = ({ place: { line = 0, column = 0 } }: { readonly place: Place }): number => line * scriptBytes + column
  return refuse(found.toSorted((a, b) => order(a) - order(b)))
}

/** A script that was written as an object. Errors: as `parseScript`, without lines. */
export function checkScript(script: unknown): ModelScript {
  return check(script, (path) => ({ pointer: pointerOf(path) }))
}

/**
 * Reads a script that was written as YAML 1.2 or JSON.
 *
 * Errors: `INVALID_INPUT` with all problems, each with its pointer, line and column. A text of more than 1 MiB is one of them,
 * with code `LIMIT_EXCEEDED`.
 */
export function parseScript(text: string): ModelScript {
  if (Buffer.byteLength(text) > MODEL_SERVER_LIMITS.scriptBytes)
    refuse([{ code: 'LIMIT_EXCEEDED', message: `It has more than ${MODEL_SERVER_LIMITS.scriptBytes} bytes.` }])
  const lines = new LineCounter()
  const at = (pointer: string, offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { pointer, line, column: col }
  }
  const document = read(text, lines)
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0)
    refuse(faults.map(({ message, pos }) => ({ code: 'INVALID_INPUT', message, place: at('', pos[0]) })))
  const placeOf = (path: Path): Place => at(pointerOf(path), offsetOf(document, path))
  return check(valueOf(document), placeOf)
}

function read(text: string, lineCounter: LineCounter): Document.Parsed {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    // What composes a document recurses; this does not, and its stack is one token per level.
    if (parser.stack.length > MODEL_SERVER_LIMITS.depth)
      refuse([{ code: 'LIMIT_EXCEEDED', message: 'The script is nested too deep.' }])
  }
  return parseDocument(text, { version: '1.2', schema: 'core', lineCounter, logLevel: 'silent', prettyErrors: false })
}

function valueOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 1_000 })
  } catch (error) {
    if (!(error instanceof ReferenceError) && !(error instanceof RangeError)) throw error
    return refuse([{ code: 'LIMIT_EXCEEDED', message: 'The script is too much once its aliases are written out.' }])
  }
}

/** Where a value begins, or the nearest one around it. */
function offsetOf(document: Document.Parsed, path: Path): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}
