import { createHash, hash } from 'node:crypto'
import type { PutOptions } from '@seamark/core'
import { fromSystemError, orAbort, SeamError } from '@seamark/kit'
import type { Sealed } from './port.ts'

/** A piece of a body. Its bytes may be used until `release`. */
export interface BodyPart extends Sealed {
  /** Counted from 1. */
  readonly number: number
  readonly last: boolean
  release(): void
}

/** A body cut into parts. Of a stream, at most as many buffers are alive as parts are not released. */
export interface BodyParts {
  /** The next one. Rejects with `INTEGRITY` where the whole is not what was announced. */
  next(): Promise<BodyPart>
  /** Of the whole, once the last part was given; without the digest where nobody announced it and there are several. */
  whole(): { readonly size: number; readonly sha256?: string }
  /** Lets go of a source that is not at its end. Not awaited: one that hangs must not hold up an error. */
  close(): void
}

const smallest = 64 * 1024

/**
 * Cuts a body into parts. `partBytes` says the size of a part by its number. Errors: `INTEGRITY`, `INVALID_INPUT` for
 * a stream that yields no bytes, `ABORTED`.
 */
export function bodyParts(
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  partBytes: (number: number) => number,
  options: PutOptions,
): BodyParts {
  const source = body instanceof Uint8Array ? ofBytes(body) : ofStream(key, body, options)
  // Of a body in several parts the whole is digested only where it is compared; the parts have digests of their own.
  const digest = options.sha256 === undefined ? undefined : createHash('sha256')
  let number = 0
  let size = 0
  let sha256: string | undefined
  let ended = false

  const mismatch = (what: string): SeamError =>
    new SeamError('INTEGRITY', `The body for ${key} is not what was announced: ${what}. Nothing was stored.`)

  return {
    async next() {
      number += 1
      const { bytes, last, release } = await source.take(partBytes(number))
      size += bytes.byteLength
      if (options.size !== undefined && size > options.size) throw mismatch(`more than ${options.size} bytes`)
      const own = hash('sha256', bytes, 'hex')
      if (!last || number > 1) digest?.update(bytes)
      if (last) {
        ended = true
        sha256 = number === 1 ? own : digest?.digest('hex')
        if (options.size !== undefined && size !== options.size)
          throw mismatch(`${size} bytes instead of ${options.size}`)
        if (options.sha256 !== undefined && sha256 !== options.sha256) throw mismatch(`its SHA-256 is ${sha256}`)
      }
      return { number, bytes, sha256: own, last, release }
    },
    whole() {
      if (!ended) throw new SeamError('INTERNAL', `The body for ${key} has not been read to its end.`)
      return { size, ...(sha256 !== undefined && { sha256 }) }
    },
    close: () => source.close(),
  }
}

interface Source {
  take(bytes: number): Promise<{ readonly bytes: Uint8Array; readonly last: boolean; readonly release: () => void }>
  close(): void
}

function ofBytes(body: Uint8Array): Source {
  let at = 0
  return {
    take: async (wanted) => {
      const bytes = body.subarray(at, at + wanted)
      at += bytes.byteLength
      return { bytes, last: at >= body.byteLength, release: () => undefined }
    },
    close: () => undefined,
  }
}

function ofStream(key: string, body: AsyncIterable<Uint8Array>, { signal, size }: PutOptions): Source {
  const iterator = body[Symbol.asyncIterator]()
  const free: Buffer[] = []
  let rest: Uint8Array = new Uint8Array()
  let ended = false

  /** Leaves in `rest` what comes next, which is empty only at the end. */
  async function pull(): Promise<void> {
    while (rest.byteLength === 0 && !ended) {
      const next = await orAbort(iterator.next(), signal).catch((error: unknown) => {
        throw fromSystemError(error, `Reading the body for ${key}`)
      })
      if (next.done === true) ended = true
      else {
        const chunk: unknown = next.value
        if (!(chunk instanceof Uint8Array))
          throw new SeamError('INVALID_INPUT', 'The body yields something that is no Uint8Array.')
        rest = chunk
      }
    }
  }

  function reserve(wanted: number): Buffer {
    const used = free.pop()
    if (used !== undefined && used.byteLength >= wanted) return used
    return Buffer.allocUnsafeSlow(wanted)
  }

  return {
    async take(wanted) {
      await pull()
      // A small body gets a small buffer, which grows.
      const begin = Math.min(wanted, Math.max(size ?? smallest, smallest, rest.byteLength))
      let buffer = free.length > 0 ? reserve(wanted) : Buffer.allocUnsafeSlow(begin)
      let filled = 0
      while (filled < wanted && rest.byteLength > 0) {
        if (filled === buffer.byteLength) {
          const larger = Buffer.allocUnsafeSlow(Math.min(wanted, buffer.byteLength * 4))
          larger.set(buffer)
          buffer = larger
        }
        const part = rest.subarray(0, Math.min(buffer.byteLength, wanted) - filled)
        buffer.set(part, filled)
        filled += part.byteLength
        rest = rest.subarray(part.byteLength)
        // Only now: the source may use its buffer again.
        if (rest.byteLength === 0) await pull()
      }
      return {
        bytes: buffer.subarray(0, filled),
        last: ended && rest.byteLength === 0,
        release: () => void (buffer.byteLength >= wanted && free.push(buffer)),
      }
    },
    close() {
      // Whatever its end says, the put has its own outcome.
      if (!ended) iterator.return?.().catch(() => undefined)
    },
  }
}
