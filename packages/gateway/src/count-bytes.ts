import type { Readable } from 'node:stream'

/** Counts what comes; the rest of it is not waited for once there are too many bytes. */
export function countBytes(body: Readable, max: number, over: () => void): void {
  let seen = 0
  body.on('data', (piece: Buffer) => {
    seen += piece.length
    if (seen > max) over()
  })
}
