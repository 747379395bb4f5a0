import type { Json } from '@seamark/core'
import type { Fault, Path } from './fault.ts'

/** What a place was found for: the offset of the deepest part of the path that exists. */
export interface Found {
  readonly offset: number
  /** How many steps of the path exist. */
  readonly depth: number
}

/** A document that was read, and where its parts are in the text. */
export interface SourceDocument {
  readonly value: Json
  locate(wanted: readonly { readonly path: Path; readonly part: 'key' | 'value' }[]): readonly Found[]
}

/** A document, or why there is none. */
export type Reading = { readonly ok: true; readonly document: SourceDocument } | { readonly ok: false }

/** Ends the reading of a document. Never leaves the readers. */
export class SourceStop extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

/** Gives line and column, both from 1, of offsets in a text. Columns count UTF-16 code units. */
export function lineIndex(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

/** Offset of the first byte that is not UTF-8, or `undefined`. */
function firstBadByte(bytes: Uint8Array): number {
  const good = (end: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true })
      return true
    } catch {
      // That it can not be decoded is the answer.
      return false
    }
  }
  let low = 0
  let high = bytes.byteLength
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (good(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** Text of UTF-8 bytes without a byte order mark. Throws `SourceStop`. */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const at = firstBadByte(bytes)
    const before = new TextDecoder().decode(bytes.subarray(0, at))
    const { line, column } = lineIndex(before)(before.length)
    throw new SourceStop({
      code: 'INVALID_INPUT',
      message: `The plan is not UTF-8: byte ${at}, in line ${line}, column ${column}.`,
      remedy: 'Save the file as UTF-8.',
      path: [],
      offset: before.length,
    })
  }
}

/** Sets a member whatever its name is; `__proto__` would otherwise vanish, and is a fault. */
export function setMember(
  target: Record<string, Json>,
  key: string,
  value: Json,
  fault: (message: string) => void,
): void {
  if (key !== '__proto__') target[key] = value
  else fault('No key can be "__proto__".')
}
