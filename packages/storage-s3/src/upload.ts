import type { PutOptions } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import type { Calls } from './calls.ts'
import type { BodyPart, BodyParts } from './parts.ts'
import type { UploadedPart, Written } from './port.ts'

const mebibyte = 1024 * 1024
/** The least that S3 takes as a part that is not the last. */
const leastPart = 5 * mebibyte
const mostParts = 10_000
const partsInFlight = 3

/** What a key's bytes are, in the object's metadata. */
export const DIGEST_NAME = 'seamark-sha256'
/** Which write made the object, so that a writer knows its own after an answer was lost. */
export const WRITE_NAME = 'seamark-write'

/** Whether this write made the object, or `taken` where the server says that the key is not free. */
export type Outcome = Written | 'taken'

/**
 * Size of a part by its number: the least where that reaches for `size`; without a size it doubles after each 1,000
 * parts, so that the most parts hold 5 TB.
 */
export function partSizes(size: number | undefined): (number: number) => number {
  if (size === undefined) return (number) => leastPart * 2 ** Math.floor((number - 1) / 1_000)
  const needed = Math.ceil(size / mostParts / mebibyte) * mebibyte
  return () => Math.max(leastPart, needed)
}

/** Stores a body that fits into one part. */
export async function putWhole(
  calls: Calls,
  key: string,
  part: BodyPart,
  {
    write,
    ifAbsent,
    signal,
  }: { readonly write: string; readonly ifAbsent: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Outcome> {
  const metadata = { [DIGEST_NAME]: part.sha256, [WRITE_NAME]: write }
  return calls.request<Outcome>({
    act: 'write',
    key,
    signal,
    send: (sending) => calls.port.put(key, part, { metadata, ifAbsent }, sending),
    outcome: ({ code, status }) =>
      ifAbsent && (code === 'PreconditionFailed' || status === 412) ? 'taken' : undefined,
  })
}

/** Stores a body in parts, a few at a time. Until all are there and right, nothing is seen of it. */
export async function putInParts(
  calls: Calls,
  key: string,
  first: BodyPart,
  parts: BodyParts,
  options: PutOptions & { readonly write: string },
): Promise<Outcome> {
  const { signal, write, sha256 } = options
  const ifAbsent = options.ifAbsent === true
  const metadata = { [WRITE_NAME]: write, ...(sha256 !== undefined && { [DIGEST_NAME]: sha256 }) }
  const upload = await calls.request({
    act: 'write',
    key,
    signal,
    send: (sending) => calls.port.beginUpload(key, metadata, sending),
  })
  // Ends what is under way when one part fails.
  const stopping = new AbortController()
  const sending = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal])
  const done: UploadedPart[] = []
  const underWay = new Set<Promise<void>>()
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  // Heard by whoever waits for a part; nobody has to.
  failed.catch(() => undefined)

  async function send(part: BodyPart): Promise<void> {
    done[part.number - 1] = await calls.request({
      act: 'write',
      key,
      signal: sending,
      send: (attempt) => calls.port.uploadPart(key, upload, part.number, part, attempt),
    })
    part.release()
  }

  async function sendAll(): Promise<void> {
    for (let part = first; ; part = await Promise.race([parts.next(), failed])) {
      if (part.number > mostParts)
        throw new SeamError('LIMIT_EXCEEDED', `The body for ${key} is more than S3 can hold.`)
      const sent: Promise<void> = send(part)
        .catch(fail)
        .finally(() => underWay.delete(sent))
      underWay.add(sent)
      if (part.last) break
      if (underWay.size >= partsInFlight) await Promise.race([...underWay, failed])
    }
    await Promise.race([Promise.all(underWay), failed])
    throwIfAborted(signal)
  }

  const complete = (): Promise<Outcome> =>
    calls.request<Outcome>({
      act: 'write',
      key,
      signal,
      send: (attempt) => calls.port.completeUpload(key, upload, done, ifAbsent, attempt),
      // Without the upload, an earlier try of this request may be the one that ended it: the object says whose it is.
      outcome: ({ code, status }) =>
        code === 'NoSuchUpload' || (ifAbsent && (code === 'PreconditionFailed' || status === 412))
          ? 'taken'
          : undefined,
    })

  try {
    await sendAll()
    const outcome = await complete()
    if (outcome === 'taken') abandon(calls, key, upload)
    return outcome
  } catch (error) {
    stopping.abort()
    abandon(calls, key, upload)
    throw error
  }
}

/** Ends an upload in parts that is not to be completed. */
export async function endUpload(calls: Calls, key: string, upload: string, signal?: AbortSignal): Promise<void> {
  await calls.request<true>({
    act: 'abort',
    key,
    signal,
    send: async (sending) => {
      await calls.port.abortUpload(key, upload, sending)
      return true
    },
    outcome: ({ code }) => (code === 'NoSuchUpload' ? true : undefined),
  })
}

/** Not waited for. An upload that stays costs until the bucket's lifecycle rule removes it, and is never seen. */
function abandon(calls: Calls, key: string, upload: string): void {
  // The error that led here is told; this one changes nothing of it.
  endUpload(calls, key, upload).catch(() => undefined)
}
