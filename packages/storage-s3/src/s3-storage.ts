import { randomUUID } from 'node:crypto'
import type { CallOptions, PutOptions, StorageGuarantees, StorageProvider, StoredObject } from '@seamark/core'
import { checkKeyPrefix, keySegments, SeamError, throwIfAborted } from '@seamark/kit'
import { awsPort } from './aws-port.ts'
import { s3Calls } from './calls.ts'
import { describe, headObject, openObject } from './download.ts'
import { isEncryptedAs, notEncrypted } from './encryption.ts'
import type { S3StorageOptions } from './options.ts'
import { bodyParts } from './parts.ts'
import { base64Of } from './port.ts'
import type { EncryptionFacts, ObjectFacts } from './port.ts'
import { presign } from './presign.ts'
import { probe } from './probe.ts'
import type { Probed } from './probe.ts'
import { partSizes, putInParts, putWhole, WRITE_NAME } from './upload.ts'

/** A storage on S3. */
export interface S3Storage extends StorageProvider {
  delete(key: string, options?: CallOptions): Promise<void>
  presign(
    ...request: Parameters<NonNullable<StorageProvider['presign']>>
  ): ReturnType<NonNullable<StorageProvider['presign']>>
  /** Writes an object of its own. The first `put` with `ifAbsent` or with an encryption does it, too. */
  ready(options?: CallOptions): Promise<void>
}

/**
 * Objects in one bucket of S3, or of a server that speaks its protocol.
 *
 * A whole `get` is checked against the digest that was known at `put`; a range is not, as S3 has no digest of it.
 * Besides the codes of `StorageProvider`: `UNAUTHENTICATED`, `FORBIDDEN` (the remedy has the line of the policy),
 * `NOT_FOUND` (no such bucket or key of KMS), `UNSUPPORTED`, `TIMEOUT`; `LIMIT_EXCEEDED` is also throttling.
 */
export function s3Storage(options: S3StorageOptions): S3Storage {
  const name = options.name ?? 's3'
  const { encryption } = options
  const port = awsPort(options)
  const calls = s3Calls(port, options)
  const sizes = partSizes(undefined)
  let probing: Promise<Probed> | undefined
  let probed: Probed | undefined

  async function known(signal: AbortSignal | undefined): Promise<Probed> {
    // Shared by all who wait: one's abort must not end it for the others.
    probing ??= probe(calls, encryption, undefined).then(
      (found) => (probed = found),
      (error: unknown) => {
        probing = undefined
        throw error
      },
    )
    const found = await probing
    throwIfAborted(signal)
    return found
  }

  async function head(key: string, signal: AbortSignal | undefined): Promise<ObjectFacts | undefined> {
    keySegments(key)
    throwIfAborted(signal)
    return headObject(calls, key, signal)
  }

  async function put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    putOptions: PutOptions,
  ): Promise<StoredObject & { readonly created: boolean }> {
    const { signal } = putOptions
    const ifAbsent = putOptions.ifAbsent === true
    keySegments(key)
    throwIfAborted(signal)
    const size = body instanceof Uint8Array ? body.byteLength : putOptions.size
    const partBytes = size === undefined ? sizes : partSizes(size)
    const parts = bodyParts(key, body, partBytes, putOptions)
    try {
      const { conditionalPut } = ifAbsent || encryption ? await known(signal) : { conditionalPut: false }
      // Spares sending what is there already; where one request decides by itself, that is what it is for.
      if (ifAbsent && !(conditionalPut && size !== undefined && size <= partBytes(1))) {
        const there = await head(key, signal)
        if (there !== undefined) return { ...describe(key, there), created: false }
      }
      const write = randomUUID()
      const first = await parts.next()
      const outcome = first.last
        ? await putWhole(calls, key, first, { write, ifAbsent, signal })
        : await putInParts(calls, key, first, parts, { ...putOptions, write })
      if (outcome === 'taken') return await whoseIsIt(key, write, ifAbsent, signal)
      if (encryption !== undefined) await checkEncryption(key, outcome.encryption, signal)
      if (outcome.checksum !== undefined && outcome.checksum !== base64Of(first.sha256))
        throw new SeamError('INTEGRITY', `The server has another checksum of ${key} than was sent.`)
      return { key, ...parts.whole(), created: true }
    } finally {
      parts.close()
    }
  }

  async function checkEncryption(key: string, told: EncryptionFacts, signal: AbortSignal | undefined): Promise<void> {
    // Not every server says it at the end of an upload in parts.
    const facts = told.mode === undefined ? ((await headObject(calls, key, signal))?.encryption ?? told) : told
    if (!isEncryptedAs(encryption, facts)) throw notEncrypted(key, encryption, facts)
  }

  /** The key was not free: it holds another's object, or this one's, whose answer was lost. */
  async function whoseIsIt(
    key: string,
    write: string,
    ifAbsent: boolean,
    signal: AbortSignal | undefined,
  ): Promise<StoredObject & { readonly created: boolean }> {
    const there = await headObject(calls, key, signal)
    const own = there?.metadata[WRITE_NAME] === write
    if (there !== undefined && (own || ifAbsent)) return { ...describe(key, there), created: own }
    throw new SeamError('UNAVAILABLE', `${key} was replaced or deleted while it was being stored.`, {
      remedy: 'Store it again.',
    })
  }

  return {
    spec: 'storage/v1',
    kind: 'aws.s3',
    name,
    get guarantees(): StorageGuarantees {
      const { conditionalPut, conditionalUpload } = probed ?? {}
      return {
        // S3 answers when the object is stored redundantly; nobody cut its power here.
        durable: { value: true, proof: 'unproven' },
        conditionalWrite:
          probed === undefined
            ? { value: false, proof: 'unproven' }
            : { value: conditionalPut === true && conditionalUpload === true, proof: 'probed' },
        verifiedRead: { value: true, proof: 'tested' },
        verifiedRange: { value: false, proof: 'tested' },
      }
    },
    async ready({ signal } = {}) {
      await known(signal)
    },
    put: (key, body, putOptions = {}) => put(key, body, putOptions),
    async get(key, { range, signal } = {}) {
      keySegments(key)
      throwIfAborted(signal)
      return openObject(calls, key, range, signal)
    },
    async head(key, { signal } = {}) {
      const facts = await head(key, signal)
      return facts && describe(key, facts)
    },
    async *list(prefix, { signal } = {}) {
      checkKeyPrefix(prefix)
      let last = ''
      let after: string | undefined
      do {
        throwIfAborted(signal)
        const from: string | undefined = after
        const { objects, next } = await calls.request({
          act: 'list',
          key: prefix,
          signal,
          send: (sending) => port.list(prefix, from, sending),
        })
        for (const object of objects) {
          const { key } = object
          throwIfAborted(signal)
          if (!isKey(key)) continue
          if (key <= last) throw new SeamError('UNSUPPORTED', 'The bucket lists its keys in no order.', disordered)
          last = key
          yield object
        }
        after = next
      } while (after !== undefined)
    },
    async delete(key, { signal } = {}) {
      keySegments(key)
      throwIfAborted(signal)
      await calls.request<true>({
        act: 'delete',
        key,
        signal,
        send: async (sending) => {
          await port.delete(key, sending)
          return true
        },
        outcome: ({ code }) => (code === 'NoSuchKey' ? true : undefined),
      })
    },
    async presign(request, { signal } = {}) {
      keySegments(request.key)
      throwIfAborted(signal)
      return presign(port, request, encryption)
    },
  }
}

const disordered = { remedy: 'Use a general purpose bucket.', place: { pointer: '/bucket' } } as const

/** Whether it can be a key of the contract; others are not this storage's. */
function isKey(key: string): boolean {
  try {
    return keySegments(key).length > 0
  } catch {
    // It names no object of this storage.
    return false
  }
}
