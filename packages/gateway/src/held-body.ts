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

// The room that a body begins with: whose length is not known, and whose is.
const firstOfChunked = 4_096
const firstOfKnown = 65_536

interface Gathered {
  /** Takes the next bytes. `grows` is told how much more room they need before that is there, and says whether they may have it. */
  readonly add: (piece: Uint8Array, grows: (more: number) => boolean) => boolean
  readonly all: () => Uint8Array
}

/**
 * Bytes in one place, which is doubled until it is `most`. Pieces are copied and not held: one of a single byte takes hundreds
 * of bytes of memory.
 */
function gathering(most: number, first: number): Gathered {
  let room: Uint8Array = new Uint8Array()
  let used = 0
  return {
    add(piece, grows) {
      const needed = used + piece.length
      if (needed > room.length) {
        const size = Math.max(needed, Math.min(most, Math.max(first, room.length * 2)))
        if (!grows(size - room.length)) return false
        const larger = Buffer.allocUnsafeSlow(size)
        larger.set(room.subarray(0, used))
        room = larger
      }
      room.set(piece, used)
      used = needed
      return true
    },
    all: () => room.subarray(0, used),
  }
}

/** Reads bodies whole: of one no more bytes than it may have, and of all at one time no more memory. */
export function bodyReader(
  maxBytes: number,
  maxHeldBytes: number,
): (req: IncomingMessage, res: ServerResponse, length: number | 'chunked') => Promise<BodyReading> {
  let held = 0

  return (req, res, length) => {
    let mine = 0
    const release = (): void => {
      held -= mine
      mine = 0
    }
    res.once('close', release)
    if (length === 0) return Promise.resolve(heldBody(Buffer.alloc(0), release))
    if (length !== 'chunked' && length > maxBytes) return Promise.resolve('too-large')
    const most = length === 'chunked' ? maxBytes : length
    let gathered: Gathered | undefined = gathering(most, length === 'chunked' ? firstOfChunked : firstOfKnown)
    let seen = 0
    return new Promise((resolve) => {
      const settle = (reading: BodyReading): void => {
        req.off('data', take)
        req.off('end', whole)
        req.off('close', gone)
        gathered = undefined
        if (typeof reading === 'string') release()
        resolve(reading)
      }
      // What is left of it is not read: its connection ends with the answer.
      const stop = (reason: Refusal['reason'] & BodyReading): void => {
        req.pause()
        settle(reason)
      }
      const grows = (more: number): boolean => {
        if (held + more > maxHeldBytes) return false
        mine += more
        held += more
        return true
      }
      const take = (piece: Buffer): void => {
        seen += piece.length
        if (seen > maxBytes) stop('too-large')
        else if (gathered?.add(piece, grows) === false) stop('too-many-bodies')
      }
      const whole = (): void => settle(heldBody(gathered?.all() ?? new Uint8Array(), release))
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
