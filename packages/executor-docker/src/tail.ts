import type { OutputStream } from '@seamark/core'
import { openStreams } from './streams.ts'

/**
 * The end of the output of a container that runs, as its program wrote it. The engine's log has a line only when it is
 * whole, or 16 KiB long.
 */
export interface Tail {
  /** Bytes of both streams so far. */
  readonly total: number
  /** Whether nothing comes any more: the container has ended, or the connection has. */
  readonly ended: boolean
  /** What there is of a stream from an offset; empty where there is nothing, or it is too far back. */
  from(stream: OutputStream, offset: number): Uint8Array
  /** Resolves at the next change. */
  changed(): Promise<void>
  close(): void
}

/** More than the engine holds back of a line. */
const KEPT_BYTES = 64 * 1024

/**
 * `chunks` are the engine's multiplexed streams from their first byte, with what a keeper of this watchword says in them. Read
 * without pause, so nothing waits for it. `failed` is told why they ended early.
 */
export function openTail(
  chunks: AsyncIterable<Uint8Array>,
  watchword: string | undefined,
  close: () => void,
  failed: (error: unknown) => void,
): Tail {
  // Rings: byte n of a stream is at n modulo their size.
  const rings = { stdout: new Uint8Array(KEPT_BYTES), stderr: new Uint8Array(KEPT_BYTES) }
  const sizes = { stdout: 0, stderr: 0 }
  let ended = false
  let waiting = Promise.withResolvers<void>()

  function wake(): void {
    waiting.resolve()
    waiting = Promise.withResolvers()
  }

  async function read(): Promise<void> {
    const streams = openStreams(watchword)
    try {
      for await (const chunk of chunks) {
        for (const { stream, bytes } of streams.take(chunk)) {
          sizes[stream] += bytes.byteLength
          const kept = bytes.subarray(-KEPT_BYTES)
          const at = (sizes[stream] - kept.byteLength) % KEPT_BYTES
          const before = kept.subarray(0, KEPT_BYTES - at)
          rings[stream].set(before, at)
          rings[stream].set(kept.subarray(before.byteLength))
        }
        wake()
      }
    } catch (error) {
      // The log has it all; what is lost here is only that an unfinished line comes early.
      failed(error)
    }
    ended = true
    wake()
  }
  void read()

  return {
    get total() {
      return sizes.stdout + sizes.stderr
    },
    get ended() {
      return ended
    },
    from(stream, offset) {
      const size = sizes[stream]
      if (offset >= size || offset < size - KEPT_BYTES) return new Uint8Array(0)
      const at = offset % KEPT_BYTES
      const before = rings[stream].subarray(at, at + size - offset)
      const bytes = new Uint8Array(size - offset)
      bytes.set(before)
      bytes.set(rings[stream].subarray(0, bytes.byteLength - before.byteLength), before.byteLength)
      return bytes
    },
    changed: () => waiting.promise,
    close,
  }
}
