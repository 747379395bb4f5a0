import type { StreamSpec } from './script.ts'

export interface Pieces {
  readonly pieces: readonly Uint8Array[]
  /** The connection is cut after the last. */
  readonly cut: boolean
}

/** The bytes up to where the script cuts them. */
function keep(
  events: readonly Buffer[],
  { cutInEvent, cutAfterBytes }: StreamSpec,
): { events: Buffer[]; cut: boolean } {
  if (cutInEvent !== undefined && cutInEvent <= events.length) {
    const broken = events[cutInEvent - 1] ?? Buffer.alloc(0)
    return { events: [...events.slice(0, cutInEvent - 1), broken.subarray(0, broken.length >> 1)], cut: true }
  }
  const all = Buffer.concat(events)
  if (cutAfterBytes === undefined || cutAfterBytes >= all.length) return { events: [...events], cut: false }
  const kept: Buffer[] = []
  let left = cutAfterBytes
  for (const event of events) {
    kept.push(event.subarray(0, left))
    left -= Math.min(left, event.length)
  }
  return { events: kept, cut: true }
}

/** Where in the bytes a piece ends. */
function ends(bytes: Buffer, { pieceBytes, splitCharacters }: StreamSpec): readonly number[] {
  const found = new Set<number>()
  if (pieceBytes !== undefined) for (let at = pieceBytes; at < bytes.length; at += pieceBytes) found.add(at)
  // After the first byte of each character that has more.
  if (splitCharacters === true)
    for (let at = 1; at < bytes.length; at += 1) if ((bytes[at - 1] ?? 0) >= 0xc0) found.add(at)
  return [...found].toSorted((a, b) => a - b)
}

/** The bytes of events as they are written, one piece after the other. */
export function piecesOf(all: readonly Buffer[], stream: StreamSpec): Pieces {
  const { events, cut } = keep(all, stream)
  const joined = stream.pieceBytes === undefined ? events : [Buffer.concat(events)]
  const pieces = joined.flatMap((bytes) => {
    const at = [0, ...ends(bytes, stream), bytes.length]
    return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
  })
  return { pieces: pieces.filter(({ length }) => length > 0), cut }
}
