import { crc32 } from './crc32.ts'
import { METERING_LIMITS } from './limits.ts'

/** One message of an `application/vnd.amazon.eventstream`. */
export interface EventFrame {
  /** Headers with a text value, by name, such as `:event-type`. */
  readonly headers: ReadonlyMap<string, string>
  readonly payload: Uint8Array
}

export interface EventStreamReader {
  push(bytes: Uint8Array): void
  /** True when the bytes ended with a whole frame and no checksum was wrong. */
  end(): boolean
}

const PRELUDE = 12
const OVERHEAD = 16
/** Bytes of a header's value by its type; type 6 and 7 carry their length. */
const FIXED: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 }

/** The text headers of a frame, or `undefined` where they do not fit their own lengths or one comes twice. */
function readHeaders(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const headers = new Map<string, string>()
  let at = 0
  while (at < view.length) {
    const nameLength = view.readUInt8(at)
    if (at + 2 + nameLength > view.length) return undefined
    const name = view.toString('utf8', at + 1, at + 1 + nameLength)
    const type = view.readUInt8(at + 1 + nameLength)
    at += 2 + nameLength
    let length = FIXED[type]
    if (type === 6 || type === 7) {
      if (at + 2 > view.length) return undefined
      length = view.readUInt16BE(at)
      at += 2
    }
    if (length === undefined || at + length > view.length) return undefined
    if (headers.has(name)) return undefined
    headers.set(name, type === 7 ? view.toString('utf8', at, at + length) : '')
    at += length
  }
  return headers
}

/**
 * Reads the frames of AWS's event stream encoding (Smithy, `application/vnd.amazon.eventstream`) from pieces of any
 * size. Both checksums of each frame are checked before it is given out; after the first that is wrong, nothing more
 * is. A frame over the limit is checked and left out.
 */
export function eventStreamReader(take: (frame: EventFrame) => void): EventStreamReader {
  const prelude = Buffer.alloc(PRELUDE)
  let filled = 0
  let total = 0
  let frame: Buffer | undefined
  let sum = 0
  let sound = true

  const beginFrame = (): void => {
    total = prelude.readUInt32BE(0)
    const headers = prelude.readUInt32BE(4)
    sound =
      crc32(prelude.subarray(0, 8)) === prelude.readUInt32BE(8) &&
      total >= OVERHEAD &&
      total <= METERING_LIMITS.frameMaxBytes &&
      headers <= Math.min(total - OVERHEAD, METERING_LIMITS.frameHeaderBytes)
    if (!sound) return
    frame = total <= METERING_LIMITS.frameBytes ? Buffer.alloc(total) : undefined
    frame?.set(prelude)
    sum = crc32(prelude)
  }

  const trailer = Buffer.alloc(4)

  const endFrame = (): void => {
    const whole = frame
    frame = undefined
    filled = 0
    sound = trailer.readUInt32BE(0) === sum
    if (!sound || whole === undefined) return
    const headersEnd = PRELUDE + whole.readUInt32BE(4)
    const headers = readHeaders(whole.subarray(PRELUDE, headersEnd))
    if (headers === undefined) sound = false
    else take({ headers, payload: whole.subarray(headersEnd, total - 4) })
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length && sound;) {
        const part = filled < PRELUDE ? PRELUDE : filled < total - 4 ? total - 4 : total
        const piece = bytes.subarray(at, at + part - filled)
        if (part === PRELUDE) prelude.set(piece, filled)
        else if (part === total) trailer.set(piece, filled - (total - 4))
        else {
          frame?.set(piece, filled)
          sum = crc32(piece, sum)
        }
        filled += piece.length
        at += piece.length
        if (filled === PRELUDE && part === PRELUDE) beginFrame()
        else if (part === total && filled === total) endFrame()
      }
    },
    end() {
      return sound && filled === 0
    },
  }
}
