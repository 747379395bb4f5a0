import { SeamError } from '@seamark/kit'
import canonicalize from 'canonicalize'
import { LIMITS } from './limits.ts'

const encoder = new TextEncoder()
// Printable ASCII without `"` and `\`: what JSON writes as it is.
const plain = /^[ !#-[\]-~]*$/

// Up to this many keys are sorted by insertion, which needs no memory.
const SMALL = 24
// The same few keys are written over and over; a stranger's do not push them out.
const MAX_NAMES = 1_000
const MAX_NAME = 64
const names = new Map<string, string>()

/**
 * Canonical JSON (RFC 8785) of a value made of null, booleans, safe integers, well-formed strings,
 * arrays and plain objects, nested at most `LIMITS.jsonDepth` deep.
 *
 * Errors: `INVALID_INPUT` for anything else: floats, NaN, integers beyond 2^53−1, lone surrogates,
 * `undefined`, other classes of object.
 */
export function canonicalText(value: unknown): string {
  return write(value, 0)
}

/** `canonicalText` as UTF-8. */
export function canonicalJson(value: unknown): Uint8Array {
  return encoder.encode(canonicalText(value))
}

/**
 * RFC 8785 for values that may hold floats, such as a caller's plan. Evidence never does: use `canonicalText`.
 *
 * Errors: `INVALID_INPUT` for what JSON can not hold.
 */
export function jcsText(value: unknown): string {
  requireJson(value, 0)
  const text: string | undefined = canonicalize(value)
  if (text === undefined) throw refused('a value that JSON can not hold')
  return text
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (!Number.isSafeInteger(value)) throw refused(`the number ${value}, which is no safe integer`)
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth >= LIMITS.jsonDepth) throw refused(`more than ${LIMITS.jsonDepth} levels`)
      return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1)
    default:
      throw refused(`a value of type ${typeof value}`)
  }
}

function writeArray(values: readonly unknown[], depth: number): string {
  let out = '['
  for (let i = 0; i < values.length; i++) {
    if (i > 0) out += ','
    out += write(values[i], depth)
  }
  return out + ']'
}

function writeObject(value: object, depth: number): string {
  requirePlain(value)
  let out = ''
  for (const key of sortedKeys(value)) out += (out === '' ? '{' : ',') + nameOf(key) + write(value[key], depth)
  return out === '' ? '{}' : out + '}'
}

function sortedKeys(value: object): string[] {
  const keys = Object.keys(value)
  // `<` compares UTF-16 code units as RFC 8785 asks. Our own objects are small and mostly built in order.
  if (keys.length > SMALL) return keys.sort()
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] ?? ''
    let at = i
    for (; at > 0 && (keys[at - 1] ?? '') > key; at--) keys[at] = keys[at - 1] ?? ''
    keys[at] = key
  }
  return keys
}

/** A key as JSON writes it, with its colon. */
function nameOf(key: string): string {
  const known = names.get(key)
  if (known !== undefined) return known
  const name = quote(key) + ':'
  if (names.size < MAX_NAMES && key.length <= MAX_NAME) names.set(key, name)
  return name
}

/** A JSON string as RFC 8785 writes it. Errors: `INVALID_INPUT` for lone surrogates. */
export function quote(text: string): string {
  if (plain.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw refused('a string with a lone surrogate')
  return JSON.stringify(text)
}

function requirePlain(value: object): asserts value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw refused('an object that is not plain')
}

function requireJson(value: unknown, depth: number): void {
  if (depth > LIMITS.jsonDepth) throw refused(`more than ${LIMITS.jsonDepth} levels`)
  if (value === null || typeof value === 'boolean') return
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw refused('a string with a lone surrogate')
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refused(`the number ${value}`)
  } else if (typeof value === 'object') {
    if (!Array.isArray(value)) requirePlain(value)
    for (const [key, member] of Object.entries(value)) {
      if (!key.isWellFormed()) throw refused('a key with a lone surrogate')
      requireJson(member, depth + 1)
    }
  } else throw refused(`a value of type ${typeof value}`)
}

function refused(what: string): SeamError {
  return new SeamError('INVALID_INPUT', `Canonical JSON can not hold ${what}.`, {
    remedy: 'Write it as an integer in a smaller unit, as a string or as base64, or leave the field out.',
  })
}
