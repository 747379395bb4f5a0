import type { RedactionTable } from './redact-table.ts'
import { hashOf } from './redact-table.ts'

/** Takes a stream in pieces of any size, and gives it back without the secrets. */
export interface StreamRedactor {
  /** What of the stream is decided with this piece. The piece is copied: its buffer may be used again. */
  push(piece: Uint8Array): Uint8Array
  /** The rest. Nothing may be pushed after it. */
  end(): Uint8Array
}

/**
 * Replaces every occurrence of a secret of the table, in any of its encodings, by `[redacted:NAME]`; occurrences that
 * overlap become one marker, with the name of the one that begins first. The answer does not depend on how the stream
 * is cut. Text without a secret is not changed, and only what may be the beginning of one is held back: less than the
 * longest encoding.
 */
export function streamRedactor(table: RedactionTable): StreamRedactor {
  return redactorOf(table, () => undefined)
}

/** `found` is told of every occurrence: the secret's name, and how far into the stream it begins. */
export function redactorOf(table: RedactionTable, found: (name: string, at: number) => void): StreamRedactor {
  const { window, shifts, needles, beginnings } = table
  let held: Uint8Array = new Uint8Array()
  // How much of what is held is covered by a marker that is already out.
  let covered = 0
  // Bytes of the stream before what is held.
  let passed = 0

  /** The needle at a place, `undefined` if there is none, or `wait` where more of the stream has to be seen. */
  function needleAt(bytes: Uint8Array, at: number, hash: number, last: boolean) {
    for (const needle of needles.get(hash) ?? []) {
      const wanted = needle.bytes
      const length = Math.min(wanted.length, bytes.length - at)
      let same = 0
      while (same < length && wanted[same] === bytes[at + same]) same++
      if (same === wanted.length) return needle
      if (same === bytes.length - at && !last) return 'wait'
    }
    return undefined
  }

  /** Whether all that is left from a place is the beginning of a needle. */
  function mayBegin(bytes: Uint8Array, at: number): boolean {
    const left = bytes.length - at
    return (beginnings.get(bytes[at] ?? -1) ?? []).some(
      ({ bytes: wanted }) =>
        wanted.length > left && wanted.subarray(0, left).every((byte, offset) => byte === bytes[at + offset]),
    )
  }

  function decide(bytes: Uint8Array, last: boolean): Uint8Array {
    const out: Uint8Array[] = []
    let shown = covered
    let at = 0
    const end = bytes.length - window
    while (at <= end) {
      const tail = at + window - 1
      const hash = hashOf(bytes[tail - 2] ?? 0, bytes[tail - 1] ?? 0, bytes[tail] ?? 0)
      const shift = shifts[hash] ?? 1
      if (shift > 0) {
        at += shift
        continue
      }
      const needle = needleAt(bytes, at, hash, last)
      if (needle === 'wait') break
      if (needle !== undefined) {
        found(needle.name, passed + at)
        if (at >= shown) {
          out.push(bytes.subarray(shown, at), needle.marker)
          shown = at
        }
        shown = Math.max(shown, at + needle.bytes.length)
      }
      at++
    }
    // A stream may fall silent here, and who reads it waits for what is shorter than the window too.
    if (!last) while (at < bytes.length && !mayBegin(bytes, at)) at++
    const decided = last ? bytes.length : Math.min(at, bytes.length)
    if (decided > shown) out.push(bytes.subarray(shown, decided))
    held = Uint8Array.from(bytes.subarray(decided))
    covered = Math.max(0, shown - decided)
    passed += decided
    return Buffer.concat(out)
  }

  return {
    push: (piece) => (window === 0 ? Uint8Array.from(piece) : decide(Buffer.concat([held, piece]), false)),
    end: () => (window === 0 ? new Uint8Array() : decide(held, true)),
  }
}

/** Bytes without the secrets of the table; see `streamRedactor`. */
export function redactBytes(bytes: Uint8Array, table: RedactionTable): Uint8Array {
  const redact = streamRedactor(table)
  return Buffer.concat([redact.push(bytes), redact.end()])
}

/** A text without the secrets of the table; see `streamRedactor`. */
export function redactText(text: string, table: RedactionTable): string {
  return Buffer.from(redactBytes(Buffer.from(text), table)).toString()
}

/** A stream without the secrets of the table; see `streamRedactor`. */
export async function* redactStream(
  body: AsyncIterable<Uint8Array>,
  table: RedactionTable,
): AsyncGenerator<Uint8Array> {
  const redact = streamRedactor(table)
  for await (const piece of body) {
    const decided = redact.push(piece)
    if (decided.byteLength > 0) yield decided
  }
  const rest = redact.end()
  if (rest.byteLength > 0) yield rest
}
