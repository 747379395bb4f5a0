import type { OutputStream } from '@seamark/core'
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs'
import { outputPath, type Layout } from './paths.ts'

/** Writes the output of one attempt to its two files, up to a limit over both. */
export interface Capture {
  size(stream: OutputStream): number
  /** `over`: the limit is reached and the rest is dropped. `failed`: the disk took no more. */
  write(stream: OutputStream, bytes: Buffer): 'kept' | 'over' | 'failed'
  /** Resolves when the stream is longer than `beyond`, or when the capture is closed. */
  growth(stream: OutputStream, beyond: number): Promise<void>
  /** Empties both files: what is in them was not written by the program. */
  discard(): void
  close(): void
}

export function openCapture(layout: Layout, launchId: string, maxBytes: number): Capture {
  const files: Record<OutputStream, { fd?: number; size: number }> = { stdout: { size: 0 }, stderr: { size: 0 } }
  let waiting: { stream: OutputStream; beyond: number; done: () => void }[] = []
  let closed = false

  const wake = () => {
    const ready = waiting.filter(({ stream, beyond }) => closed || files[stream].size > beyond)
    if (ready.length === 0) return
    waiting = waiting.filter((one) => !ready.includes(one))
    for (const { done } of ready) done()
  }

  const writeWhole = (stream: OutputStream, bytes: Buffer) => {
    const file = files[stream]
    // Files appear with their first byte: most attempts are short and many say nothing.
    file.fd ??= openSync(outputPath(layout, launchId, stream), 'a', 0o600)
    for (let offset = 0; offset < bytes.byteLength;) {
      const written = writeSync(file.fd, bytes, offset)
      offset += written
      file.size += written
    }
  }

  return {
    size: (stream) => files[stream].size,
    write(stream, bytes) {
      const room = maxBytes - files.stdout.size - files.stderr.size
      const kept = bytes.byteLength <= room ? bytes : bytes.subarray(0, Math.max(0, room))
      try {
        if (kept.byteLength > 0) writeWhole(stream, kept)
      } catch {
        // Whatever kept it from the disk: the attempt ends for it, with the reason `disk`.
        return 'failed'
      } finally {
        wake()
      }
      return kept === bytes ? 'kept' : 'over'
    },
    growth: (stream, beyond) =>
      new Promise((done) => {
        if (closed || files[stream].size > beyond) return done()
        waiting.push({ stream, beyond, done })
      }),
    discard() {
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
