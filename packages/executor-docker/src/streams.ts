import { demultiplexer, type Piece } from './demultiplex.ts'

/** Output of a container, with what its keeper said taken out of it. */
export interface Streams {
  take(chunk: Uint8Array): Piece[]
  /** After the end of a whole log: bytes that looked like the beginning of what a keeper says, and are the program's. */
  end(): Piece[]
  /** What the keeper said; `undefined` while it has said nothing. */
  report(): Uint8Array | undefined
}

/** Digits of the length of a report. */
const DIGITS = 4
const NONE = Buffer.alloc(0)

/**
 * Takes apart the engine's streams. On stderr, where the keeper's watchword stands after a zero byte, follow the length of its
 * report in four digits and the report: none of it is the program's. At most one report is held, or the beginning of one:
 * bytes that may be that are passed on when it is known that they are not. Without a watchword all is the program's. Pure but
 * for what it remembers.
 *
 * Errors of `take`: those of `demultiplexer`.
 */
export function openStreams(watchword: string | undefined): Streams {
  const demultiplex = demultiplexer()
  const mark = watchword === undefined ? undefined : Buffer.from(`\0${watchword}`, 'latin1')
  let held = NONE
  let report: Buffer | undefined

  /** The program's bytes of a piece of stderr. */
  function own(bytes: Uint8Array): Uint8Array {
    if (mark === undefined || report !== undefined) return bytes
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const all = held.byteLength === 0 ? piece : Buffer.concat([held, piece])
    const at = all.indexOf(mark)
    if (at === -1) {
      const from = beginning(all, mark)
      held = Buffer.from(all.subarray(from))
      return all.subarray(0, from)
    }
    const start = at + mark.byteLength + DIGITS
    const size = Number(all.toString('latin1', start - DIGITS, start))
    if (all.byteLength < start || all.byteLength < start + size) {
      held = Buffer.from(all.subarray(at))
      return all.subarray(0, at)
    }
    report = Buffer.from(all.subarray(start, start + size))
    held = NONE
    return Buffer.concat([all.subarray(0, at), all.subarray(start + report.byteLength)])
  }

  return {
    take(chunk) {
      const pieces = demultiplex(chunk)
      if (mark === undefined) return pieces
      return pieces.map((piece) => (piece.stream === 'stderr' ? { ...piece, bytes: own(piece.bytes) } : piece))
    },
    end() {
      // What begins with the whole mark is the keeper's, of which the rest was lost.
      const bytes = mark !== undefined && held.byteLength >= mark.byteLength ? NONE : held
      held = NONE
      return bytes.byteLength === 0 ? [] : [{ stream: 'stderr', bytes }]
    },
    report: () => report,
  }
}

/** Where the beginning of a mark stands at the end of bytes; a mark has a zero byte at its beginning alone. */
function beginning(bytes: Buffer, mark: Buffer): number {
  const from = bytes.lastIndexOf(0)
  const found = from !== -1 && mark.subarray(0, bytes.byteLength - from).equals(bytes.subarray(from))
  return found ? from : bytes.byteLength
}
