import type { Json } from '@seamark/core'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'
import { setMember, SourceStop } from './source.ts'
import type { Found, Reading } from './source.ts'

/** A tree of the paths that are looked for, with the offsets found. */
interface Wanted {
  readonly children: Map<string, Wanted>
  key?: number
  value?: number
}

const space = /[ \t\n\r]*/y
const plainText = /[^"\\\u0000-\u001f]*/y
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const word = /[A-Za-z0-9_$.+-]*/y

/**
 * Reads one RFC 8259 document in one pass, linear in its length. Duplicate keys and numbers that a
 * double can not hold are faults; the first error of grammar throws `SourceStop`.
 */
function scan(text: string, faults: Faults | undefined, root: Wanted | undefined): Json {
  let at = 0
  let values = 0
  const path: (string | number)[] = []

  const match = (pattern: RegExp) => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? ''
    at += found.length
    return found
  }
  const stop = (message: string, remedy?: string): never => {
    throw new SourceStop({
      code: 'INVALID_INPUT',
      message,
      ...(remedy !== undefined && { remedy }),
      path: [...path],
      offset: at,
    })
  }
  const here = () => {
    if (at >= text.length) return 'the end of the document'
    const start = at
    const found = match(word) || String.fromCodePoint(text.codePointAt(at) ?? 0)
    at = start
    return quoted(found)
  }
  const limit = (message: string): never => {
    throw new SourceStop({ code: 'LIMIT_EXCEEDED', message, path: [...path], offset: at })
  }

  const string = (): string => {
    const start = at
    at++
    let escapes = false
    for (;;) {
      match(plainText)
      const next = text[at]
      if (next === '"') break
      if (next === undefined) return stop('A text has no end.', 'Close it with a double quote.')
      if (next !== '\\')
        return stop(`A text holds the control character ${here()}.`, 'Write it as an escape, such as \\n.')
      if (match(escape) === '') return stop('A text holds an escape that JSON does not have.')
      escapes = true
    }
    at++
    if (!escapes) return text.slice(start + 1, at - 1)
    const value: unknown = JSON.parse(text.slice(start, at))
    if (typeof value !== 'string') return stop('A text can not be read.')
    if (!value.isWellFormed()) {
      at = start
      return stop('A text holds half of a surrogate pair.', 'Write both halves, or the character itself.')
    }
    return value
  }

  const object = (wanted: Wanted | undefined, depth: number): Json => {
    const result: Record<string, Json> = {}
    at++
    match(space)
    if (text[at] === '}') {
      at++
      return result
    }
    for (;;) {
      match(space)
      if (text[at] !== '"') return stop(`Expected a key in double quotes, found ${here()}.`)
      const keyAt = at
      const key = string()
      match(space)
      if (text[at] !== ':') return stop(`Expected ":" after the key ${quoted(key)}, found ${here()}.`)
      at++
      path.push(key)
      const duplicate = Object.hasOwn(result, key)
      const child = duplicate ? undefined : wanted?.children.get(key)
      if (child !== undefined) child.key = keyAt
      const value = any(child, depth)
      const fault = (message: string) =>
        faults?.add({ code: 'INVALID_INPUT', message, path: [...path], part: 'key', offset: keyAt })
      if (duplicate) fault(`The key ${quoted(key)} is there twice.`)
      else setMember(result, key, value, fault)
      path.pop()
      match(space)
      const next = text[at]
      if (next === ',') at++
      else if (next === '}') {
        at++
        return result
      } else return stop(`Expected "," or "}", found ${here()}.`)
    }
  }

  const array = (wanted: Wanted | undefined, depth: number): Json => {
    const result: Json[] = []
    at++
    match(space)
    if (text[at] === ']') {
      at++
      return result
    }
    for (;;) {
      path.push(result.length)
      result.push(any(wanted?.children.get(String(result.length)), depth))
      path.pop()
      match(space)
      const next = text[at]
      if (next === ',') at++
      else if (next === ']') {
        at++
        return result
      } else return stop(`Expected "," or "]", found ${here()}.`)
    }
  }

  const any = (wanted: Wanted | undefined, depth: number): Json => {
    match(space)
    if (wanted !== undefined) wanted.value = at
    if (++values > PLAN_LIMITS.values) return limit(`The plan holds more than ${PLAN_LIMITS.values} values.`)
    const first = text[at]
    if (first === '"') return string()
    if (first === '{' || first === '[') {
      if (depth >= PLAN_LIMITS.depth) return limit(`The plan is nested deeper than ${PLAN_LIMITS.depth} levels.`)
      return first === '{' ? object(wanted, depth + 1) : array(wanted, depth + 1)
    }
    if (text.startsWith('true', at)) return ((at += 4), true)
    if (text.startsWith('false', at)) return ((at += 5), false)
    if (text.startsWith('null', at)) return ((at += 4), null)
    const start = at
    const digits = match(number)
    if (digits === '') return stop(`Expected a value, found ${here()}.`)
    const value = Number(digits)
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      faults?.add({
        code: 'INVALID_INPUT',
        message: `The number ${quoted(digits)} can not be kept exactly.`,
        remedy: 'Use an integer from -(2^53-1) to 2^53-1.',
        path: [...path],
        offset: start,
      })
    return value
  }

  const value = any(root, 0)
  match(space)
  if (at < text.length) return stop(`Expected the end of the document, found ${here()}.`)
  return value
}

function locate(text: string, wanted: readonly { readonly path: Path; readonly part: 'key' | 'value' }[]): Found[] {
  const root: Wanted = { children: new Map() }
  for (const { path } of wanted) {
    let node = root
    for (const step of path) {
      const child = node.children.get(String(step)) ?? { children: new Map<string, Wanted>() }
      node.children.set(String(step), child)
      node = child
    }
  }
  scan(text, undefined, root)
  return wanted.map(({ path, part }) => {
    let node = root
    let depth = 0
    for (const step of path) {
      const child = node.children.get(String(step))
      if (child?.value === undefined) break
      node = child
      depth++
    }
    const own = part === 'key' && depth === path.length ? node.key : undefined
    return { offset: own ?? node.value ?? 0, depth }
  })
}

/** Reads a plan that is written as JSON. */
export function readJson(text: string, faults: Faults): Reading {
  try {
    const value = scan(text, faults, undefined)
    return { ok: true, document: { value, locate: (wanted) => locate(text, wanted) } }
  } catch (error) {
    if (!(error instanceof SourceStop)) throw error
    faults.add(error.fault)
    return { ok: false }
  }
}
