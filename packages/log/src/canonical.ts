import { SeamError } from '@seamark/kit'
import canonicalize from 'canonicalize'
import { LIMITS } from './limits.ts'

// Up to this many keys are sorted by insertion, which needs no memory.
const SMALL = 24
const QUOTE = 0x22
const BACKSLASH = 0x5c
// Beyond it the memory of one writer is not kept for the next.
const MAX_SPARE = 1024 * 1024

/** UTF-8 that is being written. */
interface Output {
  bytes: Buffer
  length: number
}

// Every record is written here: text made of pieces would have to be put together, copied and encoded.
let spare: Buffer | undefined

/** `before`, which is ASCII, then canonical JSON as UTF-8, in memory of its own. Errors: those of `canonicalText`. */
export function canonicalBytes(value: unknown, before = ''): Buffer {
  const out: Output = { bytes: spare ?? Buffer.allocUnsafe(16 * 1024), length: 0 }
  spare = undefined
  try {
    writeAscii(out, before)
    write(out, value, 0)
    return Buffer.from(out.bytes.subarray(0, out.length))
  } finally {
    if (out.bytes.length <= MAX_SPARE) spare = out.bytes
  }
}

/** `canonicalText` as UTF-8. */
export function canonicalJson(value: unknown): Uint8Array {
  return new Uint8Array(canonicalBytes(value))
}

/**
 * Canonical JSON (RFC 8785) of a value made of null, booleans, safe integers, well-formed strings,
 * arrays and plain objects, nested at most `LIMITS.jsonDepth` deep.
 *
 * Errors: `INVALID_INPUT` for anything else: floats, NaN, integers beyond 2^53−1, lone surrogates,
 * `undefined`, other classes of object.
 */
export function canonicalText(value: unknown): string {
  return canonicalBytes(value).toString('utf8')
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

function write(out: Output, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      return writeString(out, value)
    case 'number':
      if (!Number.isSafeInteger(value)) throw refused(`the number ${value}, which is no safe integer`)
      return writeAscii(out, String(value))
    case 'boolean':
      return writeAscii(out, value ? 'true' : 'false')
    case 'object':
      if (value === null) return writeAscii(out, 'null')
      if (depth >= LIMITS.jsonDepth) throw refused(`more than ${LIMITS.jsonDepth} levels`)
      return Array.isArray(value) ? writeArray(out, value, depth + 1) : writeObject(out, value, depth + 1)
    default:
      throw refused(`a value of type ${typeof value}`)
  }
}

function writeArray(out: Output, values: readonly unknown[], depth: number): void {
  writeAscii(out, '[')
  for (let i = 0; i < values.length; i++) {
    if (i > 0) writeAscii(out, ',')
    write(out, values[i], depth)
  }
  writeAscii(out, ']')
}

function writeObject(out: Output, value: object, depth: number): void {
  requirePlain(value)
  writeAscii(out, '{')
  let first = true
  for (const key of sortedKeys(value)) {
    if (!first) writeAscii(out, ',')
    first = false
    writeString(out, key)
    writeAscii(out, ':')
    write(out, value[key], depth)
  }
  writeAscii(out, '}')
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

/** A JSON string as RFC 8785 writes it. Errors: `INVALID_INPUT` for lone surrogates. */
function writeString(out: Output, text: string): void {
  const start = out.length
  reserve(out, text.length + 2)
  const { bytes } = out
  bytes[start] = QUOTE
  let at = start + 1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    // Printable ASCII but these two is what JSON writes as it is.
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
      if (!text.isWellFormed()) throw refused('a string with a lone surrogate')
      const quoted = JSON.stringify(text)
      // A UTF-16 code unit is at most three bytes.
      reserve(out, quoted.length * 3)
      out.length += out.bytes.write(quoted, out.length, 'utf8')
      return
    }
    bytes[at++] = code
  }
  bytes[at] = QUOTE
  out.length = at + 1
}

function writeAscii(out: Output, text: string): void {
  reserve(out, text.length)
  const { bytes, length } = out
  for (let i = 0; i < text.length; i++) bytes[length + i] = text.charCodeAt(i)
  out.length = length + text.length
}

function reserve(out: Output, more: number): void {
  const needed = out.length + more
  if (needed <= out.bytes.length) return
  const larger = Buffer.allocUnsafe(Math.max(needed, 2 * out.bytes.length))
  out.bytes.copy(larger, 0, 0, out.length)
  out.bytes = larger
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
