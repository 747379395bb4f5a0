import type { OutputStream } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** Bytes of one stream, in the order in which the engine kept them. */
export interface Piece {
  readonly stream: OutputStream
  readonly bytes: Uint8Array
}

const HEADER_BYTES = 8

/**
 * Takes apart the engine's multiplexed streams: frames of a header (stream, three zeros, the size as 32 bits big-endian)
 * and bytes. Chunks may end anywhere. Keeps at most one header; bytes are passed on as they come, so a frame of any
 * size takes no memory. Pure but for what it remembers of the frame that it is in.
 *
 * Errors, thrown by the returned function: `INTEGRITY` for what is no frame, `UNAVAILABLE` where the engine says in the
 * stream that it failed.
 */
export function demultiplexer(): (chunk: Uint8Array) => Piece[] {
  const header = new Uint8Array(HEADER_BYTES)
  const size = new DataView(header.buffer)
  let filled = 0
  let left = 0
  return (chunk) => {
    const pieces: Piece[] = []
    for (let at = 0; at < chunk.byteLength;) {
      if (left > 0) {
        const bytes = chunk.subarray(at, at + left)
        pieces.push({ stream: streamOf(header), bytes })
        at += bytes.byteLength
        left -= bytes.byteLength
        continue
      }
      const part = chunk.subarray(at, at + HEADER_BYTES - filled)
      header.set(part, filled)
      at += part.byteLength
      filled += part.byteLength
      if (filled < HEADER_BYTES) continue
      streamOf(header)
      left = size.getUint32(4)
      filled = 0
    }
    return pieces
  }
}

function streamOf(header: Uint8Array): OutputStream {
  const [stream, ...rest] = header.subarray(0, 4)
  if (rest.every((byte) => byte === 0)) {
    if (stream === 1) return 'stdout'
    if (stream === 2) return 'stderr'
    if (stream === 3) throw new SeamError('UNAVAILABLE', 'The engine failed while it read the output.')
  }
  throw new SeamError('INTEGRITY', 'The engine sent something that is no frame of output.')
}

/** How much of an attempt's output counts. */
export interface Count {
  readonly stdout: number
  readonly stderr: number
  /** Whether there was more than the limit. */
  readonly over: boolean
}

/**
 * Lets pieces through until both streams together reach a limit, in the order in which they were kept. Every reading of
 * the same log is cut at the same byte. `undefined` where there is no limit.
 */
export function clipper(limit: number | undefined): { take(piece: Piece): Piece; count(): Count } {
  const counted = { stdout: 0, stderr: 0 }
  let over = false
  return {
    take({ stream, bytes }) {
      const room = limit === undefined ? Infinity : limit - counted.stdout - counted.stderr
      if (bytes.byteLength > room) over = true
      const kept = bytes.byteLength > room ? bytes.subarray(0, room) : bytes
      counted[stream] += kept.byteLength
      return { stream, bytes: kept }
    },
    count: () => ({ ...counted, over }),
  }
}
