import type { OutputStream } from '@seamark/core'
import { isNoSpace } from '@seamark/kit'
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs'
import { outputPath, type Layout } from './paths.ts'

/** Writes the output of one attempt to its two files, up to a limit over both. */
export interface Capture {
  /** Bytes of a stream that are in its file. */
  size(stream: OutputStream): number
  /**
   * `over`: the limit is reached and the rest is dropped. `held`: the disk has no room, and what does not
   * fit is held in memory until `flush` finds some. `failed`: it can not be written, room or not.
   */
  write(stream: OutputStream, bytes: Buffer): 'kept' | 'over' | 'held' | 'failed'
  /** Whether output waits for room on the disk. */
  readonly isHolding: boolean
  /** Writes what is held, as far as there is room. */
  flush(): 'kept' | 'held' | 'failed'
  /** Resolves when the stream is longer than `beyond`, or when the capture is closed. */
  growth(stream: OutputStream, beyond: number): Promise<void>
  /** Empties both files: what is in them was not written by the program. */
  discard(): void
  close(): void
}

export function openCapture(layout: Layout, launchId: string, maxBytes: number): Capture {
  const files: Record<OutputStream, { fd?: number; size: number }> = { stdout: { size: 0 }, stderr: { size: 0 } }
  let waiting: { stream: OutputStream; beyond: number; done: () => void }[] = []
  /** In the order in which it came, also over both streams. */
  const held: { stream: OutputStream; bytes: Buffer }[] = []
  let closed = false

  const wake = () => {
    const ready = waiting.filter(({ stream, beyond }) => closed || files[stream].size > beyond)
    if (ready.length === 0) return
    waiting = waiting.filter((one) => !ready.includes(one))
    for (const { done } of ready) done()
  }

  const put = (stream: OutputStream, bytes: Buffer): 'kept' | 'held' | 'failed' => {
    const file = files[stream]
    let offset = 0
    try {
      // Files appear with their first byte: most attempts are short and many say nothing.
      file.fd ??= openSync(outputPath(layout, launchId, stream), 'a', 0o600)
      while (offset < bytes.byteLength) {
        const written = writeSync(file.fd, bytes, offset)
        offset += written
        file.size += written
      }
      return 'kept'
    } catch (error) {
      // Whatever else keeps it from the disk: the attempt ends for it, with the reason `disk`.
      if (!isNoSpace(error)) return 'failed'
      held.unshift({ stream, bytes: bytes.subarray(offset) })
      return 'held'
    } finally {
      wake()
    }
  }

  const room = () =>
    held.reduce((left, { bytes }) => left - bytes.byteLength, maxBytes - files.stdout.size - files.stderr.size)

  return {
    size: (stream) => files[stream].size,
    write(stream, bytes) {
      const left = room()
      const kept = bytes.byteLength <= left ? bytes : bytes.subarray(0, Math.max(0, left))
      let result: 'kept' | 'held' | 'failed' = 'kept'
      if (held.length > 0) {
        if (kept.byteLength > 0) held.push({ stream, bytes: kept })
        result = 'held'
      } else if (kept.byteLength > 0) result = put(stream, kept)
      return kept === bytes || result === 'failed' ? result : 'over'
    },
    get isHolding() {
      return held.length > 0
    },
    flush() {
      for (let first = held.shift(); first !== undefined; first = held.shift()) {
        const result = put(first.stream, first.bytes)
        if (result !== 'kept') return result
      }
      return 'kept'
    },
    growth: (stream, beyond) =>
      new Promise((done) => {
        if (closed || files[stream].size > beyond) return done()
        waiting.push({ stream, beyond, done })
      }),
    discard() {
      held.length = 0
      for (const stream of ['stdout', 'stderr'] as const) {
        if (files[stream].fd !== undefined) truncateSync(outputPath(layout, launchId, stream))
        files[stream].size = 0
      }
    },
    close() {
      closed = true
      for (const { fd } of Object.values(files)) if (fd !== undefined) closeSync(fd)
      wake()
    },
  }
}
