import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from './problems.ts'

/** A body that is held in memory until it is on its way. */
export interface HeldBody {
  readonly length: number
  /** Gives it, once. */
  readonly take: () => Uint8Array
  /** It has left, and counts as held no more. Idempotent. */
  readonly release: () => void
}

export function heldBody(bytes: Uint8Array, release: () => void): HeldBody {
  let rest = bytes
  return {
    length: bytes.length,
    take() {
      const all = rest
      // An answer can take much longer than its request.
      rest = new Uint8Array()
      return all
    },
    release,
  }
}

/** `gone`: nobody is left to answer. */
export type BodyReading = HeldBody | 'too-large' | 'too-many-bodies' | 'gone'

/** Reads bodies whole: of one and of all at one time no more bytes than they may have. */
export function bodyReader(
  maxBytes: number,
  maxHeldBytes: number,
): (req: IncomingMessage, res: ServerResponse, length: number | 'chunked') => Promise<BodyReading> {
  let held = 0

  return (req, res, length) => {
    const pieces: Buffer[] = []
    let mine = 0
    const release = (): void => {
      held -= mine
      mine = 0
    }
    res.once('close', release)
    if (length === 0) return Promise.resolve(heldBody(Buffer.alloc(0), release))
    if (length !== 'chunked' && length > maxBytes) return Promise.resolve('too-large')
    return new Promise((resolve) => {
      const settle = (reading: BodyReading): void => {
        req.off('data', take)
        req.off('end', whole)
        req.off('close', gone)
        pieces.length = 0
        if (typeof reading === 'string') release()
        resolve(reading)
      }
      // What is left of it is not read: its connection ends with the answer.
      const stop = (reason: Refusal['reason'] & BodyReading): void => {
        req.pause()
        settle(reason)
      }
      const take = (piece: Buffer): void => {
        mine += piece.length
        held += piece.length
        pieces.push(piece)
        if (mine > maxBytes) stop('too-large')
        else if (held > maxHeldBytes) stop('too-many-bodies')
      }
      const whole = (): void => settle(heldBody(Buffer.concat(pieces), release))
      const gone = (): void => settle('gone')
      req.on('data', take)
      req.on('end', whole)
      req.on('close', gone)
      req.on('error', gone)
      // It has ended already where its connection did.
      if (req.destroyed) gone()
    })
  }
}
