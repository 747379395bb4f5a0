import type { ByteRange } from '@seamark/core'
import { SeamError } from './errors.ts'

const segment = /^[A-Za-z0-9._-]+$/

/** Longest storage key, in bytes. */
export const MAX_KEY_BYTES = 1024

function refuse(what: string, key: string): never {
  throw new SeamError('INVALID_INPUT', `${what} is not valid: ${JSON.stringify(key.slice(0, 100))}`, {
    remedy: 'Use 1 to 1,024 bytes of A-Z a-z 0-9 . _ - in segments separated by single slashes, none of them . or ..',
  })
}

function isSegment(text: string): boolean {
  return segment.test(text) && text !== '.' && text !== '..'
}

/** The segments of a storage key. Errors: `INVALID_INPUT` for a key outside the contract of `StorageProvider`. */
export function keySegments(key: string): readonly string[] {
  const segments = key.length > MAX_KEY_BYTES ? [] : key.split('/')
  if (segments.length === 0 || !segments.every(isSegment)) refuse('The storage key', key)
  return segments
}

/** Refuses a prefix that no key can begin with. The empty prefix is every key's. Errors: `INVALID_INPUT`. */
export function checkKeyPrefix(prefix: string): void {
  if (prefix === '') return
  const segments = prefix.split('/')
  const last = segments.pop() ?? ''
  // The last segment may be cut anywhere, even to nothing or to dots.
  if (prefix.length > MAX_KEY_BYTES || !segments.every(isSegment) || !/^[A-Za-z0-9._-]*$/.test(last))
    refuse('The prefix', prefix)
}

/**
 * The bounds of a range within an object of `size` bytes, `end` exclusive. Without a range: all of it.
 * Errors: `INVALID_INPUT` for a range that is malformed or reaches past the end.
 */
export function rangeWithin(
  range: ByteRange | undefined,
  size: number,
): { readonly start: number; readonly end: number } {
  const start = range?.start ?? 0
  const end = range?.end ?? size
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start > end || end > size)
    throw new SeamError('INVALID_INPUT', `The range ${start} to ${end} is not within the object's ${size} bytes.`, {
      remedy: 'Ask for 0 <= start <= end <= size; `head` tells the size.',
    })
  return { start, end }
}
