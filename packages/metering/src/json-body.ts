import { SeamError } from '@seamark/kit'
import { METERING_LIMITS } from './limits.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** A request's body that was read as one JSON object, with the places of its members, so that it can be changed. */
export interface JsonBody {
  readonly value: JsonObject
  readonly text: string
  /** Start and end in `text` of the values of members, and of members of those, by names joined with a line feed. */
  readonly spans: ReadonlyMap<string, readonly [number, number]>
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The values of an array, or none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

const refuse = (message: string): SeamError =>
  new SeamError('INVALID_INPUT', message, {
    place: { pointer: '' },
    remedy: 'Send one JSON object with each key once.',
  })

/** Where the string that begins at `at` ends, after its quote. The text is known to be JSON. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text[end - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return end + 1
  }
}

interface Level {
  readonly keys: Set<string> | undefined
  readonly path: string | undefined
  member: string | undefined
  valueStart: number | undefined
  wantsKey: boolean
}

/**
 * The places of members at the first two levels. A key that comes twice in one object is refused at any level: two
 * readers may take different ones. `sameName` says which names are one to the reader at the other end.
 */
function scan(text: string, sameName: (name: string) => string): ReadonlyMap<string, readonly [number, number]> {
  const spans = new Map<string, readonly [number, number]>()
  const levels: Level[] = []
  let end = 0

  const closeMember = (level: Level | undefined): void => {
    if (level?.member !== undefined && level.valueStart !== undefined && level.path !== undefined)
      spans.set(level.path + level.member, [level.valueStart, end])
    if (level !== undefined) level.member = level.valueStart = undefined
  }

  for (let at = 0; at < text.length;) {
    const char = text[at] ?? ''
    const top = levels.at(-1)
    if (char === ' ' || char === '\n' || char === '\r' || char === '\t' || char === ':') {
      at += 1
      continue
    }
    if (char === ',') {
      closeMember(top)
      if (top !== undefined) top.wantsKey = top.keys !== undefined
      at += 1
      continue
    }
    if (char === '}' || char === ']') {
      closeMember(top)
      levels.pop()
      at += 1
      end = at
      continue
    }
    if (char === '"' && top?.wantsKey === true) {
      const to = stringEnd(text, at)
      const raw: unknown = JSON.parse(text.slice(at, to))
      const name = levels.length <= 2 ? sameName(String(raw)) : String(raw)
      if (top.keys?.has(name) === true) throw refuse(`A key of the body comes twice at character ${at}.`)
      top.keys?.add(name)
      top.member = name
      top.wantsKey = false
      at = to
      continue
    }
    if (top?.member !== undefined) top.valueStart ??= at
    if (char === '{' || char === '[') {
      const inner =
        levels.length === 0 ? '' : levels.length === 1 && top?.member !== undefined ? `${top.member}\n` : undefined
      levels.push({
        keys: char === '{' ? new Set() : undefined,
        path: char === '{' ? inner : undefined,
        member: undefined,
        valueStart: undefined,
        wantsKey: char === '{',
      })
      at += 1
    } else if (char === '"') at = stringEnd(text, at)
    else while (at < text.length && !',]} \n\r\t'.includes(text[at] ?? '')) at += 1
    end = at
  }
  return spans
}

/**
 * Bounds what parsing costs, before it: brackets and commas outside of strings, in text that may not be JSON.
 * Errors: `LIMIT_EXCEEDED`.
 */
function checkShape(bytes: Uint8Array): void {
  let level = 0
  let parts = 0
  let inString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) inString = !inString
    else if (inString) {
      if (byte === 0x5c) at += 1
    } else if (byte === 0x7b || byte === 0x5b) {
      level += 1
      parts += 1
      if (level > METERING_LIMITS.jsonDepth)
        throw new SeamError('LIMIT_EXCEEDED', `The body is nested over ${METERING_LIMITS.jsonDepth} levels.`)
    } else if (byte === 0x7d || byte === 0x5d) level -= 1
    else if (byte === 0x2c) parts += 1
  }
  if (parts > METERING_LIMITS.requestParts)
    throw new SeamError('LIMIT_EXCEEDED', `The body has over ${METERING_LIMITS.requestParts} parts.`)
}

/**
 * Reads the body of a request. Errors: `LIMIT_EXCEEDED` when it is too long or too deep, `INVALID_INPUT` when it is not
 * UTF-8, not one JSON object, or has a key twice.
 */
export function readJsonBody(bytes: Uint8Array, sameName: (name: string) => string = (name) => name): JsonBody {
  if (bytes.length > METERING_LIMITS.requestBytes)
    throw new SeamError(
      'LIMIT_EXCEEDED',
      `The body has ${bytes.length} bytes; at most ${METERING_LIMITS.requestBytes} are metered.`,
      { remedy: 'Send less at once.' },
    )
  checkShape(bytes)
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    // The cause would quote the body.
    throw refuse('The body is not JSON in UTF-8.')
  }
  if (!isObject(value)) throw refuse('The body is not a JSON object.')
  return { value, text, spans: scan(text, sameName) }
}

/** One member to set: its name, or its parent's name and its own, and a value. */
export interface Edit {
  readonly path: readonly [string] | readonly [string, string]
  readonly value: number | string | boolean
}

/** The text with members set and every other character as it was. */
export function withEdits(body: JsonBody, edits: readonly Edit[]): string {
  const pieces: { readonly from: number; readonly to: number; readonly text: string }[] = []
  const insert = (brace: number, name: string, literal: string): void => {
    const empty = /^\{\s*\}/.test(body.text.slice(brace))
    pieces.push({ from: brace + 1, to: brace + 1, text: `${JSON.stringify(name)}:${literal}${empty ? '' : ','}` })
  }
  for (const { path, value } of edits) {
    const [first, second] = path
    const literal = JSON.stringify(value)
    const here = body.spans.get(path.join('\n'))
    const parent = body.spans.get(first)
    if (here !== undefined) pieces.push({ from: here[0], to: here[1], text: literal })
    else if (second === undefined) insert(body.text.indexOf('{'), first, literal)
    else if (parent !== undefined && body.text[parent[0]] === '{') insert(parent[0], second, literal)
    else if (parent !== undefined)
      pieces.push({ from: parent[0], to: parent[1], text: `{${JSON.stringify(second)}:${literal}}` })
    else insert(body.text.indexOf('{'), first, `{${JSON.stringify(second)}:${literal}}`)
  }
  let text = ''
  let at = 0
  for (const piece of pieces.toSorted((a, b) => a.from - b.from)) {
    text += body.text.slice(at, piece.from) + piece.text
    at = piece.to
  }
  return text + body.text.slice(at)
}
