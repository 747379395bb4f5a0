import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { SeamError } from '@seamark/kit'
import { notTheService } from '@seamark/kit/aws'
import { Readable } from 'node:stream'
import type { S3StorageOptions } from './options.ts'
import { base64Of } from './port.ts'
import type { EncryptionFacts, Inclusive, S3Port } from './port.ts'

const connections = 64

interface EncryptionFields {
  readonly ServerSideEncryption?: string | undefined
  readonly SSEKMSKeyId?: string | undefined
}

function encryptionOf({ ServerSideEncryption, SSEKMSKeyId }: EncryptionFields): EncryptionFacts {
  return {
    ...(ServerSideEncryption !== undefined && { mode: ServerSideEncryption }),
    ...(SSEKMSKeyId !== undefined && { keyId: SSEKMSKeyId }),
  }
}

/** Without the step that copies each input and answer for a logger: there is none. */
function quiet(client: S3Client): S3Client {
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

/** A middleware that sets headers before the request is signed. */
function setHeaders(headers: Readonly<Record<string, string>>) {
  return <Args extends { request: unknown }, Result>(next: (args: Args) => Promise<Result>) =>
    async (args: Args): Promise<Result> => {
      const { request } = args
      if (
        typeof request === 'object' &&
        request !== null &&
        'headers' in request &&
        typeof request.headers === 'object'
      )
        Object.assign(request.headers ?? {}, headers)
      return next(args)
    }
}

/** All of an answer of known length. By events: an iterator costs more than the rest of a small answer. */
function bytesOf(body: Readable, length: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  const stop = (): void => void body.destroy()
  signal?.addEventListener('abort', stop, { once: true })
  const end = (): void => {
    signal?.removeEventListener('abort', stop)
    if (filled === length) resolve(bytes)
    else reject(new SeamError('UNAVAILABLE', `An answer ended after ${filled} of ${length} bytes.`))
  }
  body.on('data', (chunk: Buffer) => {
    chunk.copy(bytes, filled)
    filled += chunk.byteLength
    if (filled > length) body.destroy()
  })
  body.once('error', reject)
  body.once('end', end)
  body.once('close', end)
  return promise
}

/** The port over AWS's client. One request for each call: trying again is not its business. */
export function awsPort(options: S3StorageOptions): S3Port {
  const { bucket, encryption } = options
  const timeoutMs = options.timeoutMs ?? 30_000
  const config: S3ClientConfig = {
    ...(options.region !== undefined && { region: options.region }),
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    ...(options.credentials !== undefined && { credentials: options.credentials }),
    forcePathStyle: options.pathStyle ?? false,
    maxAttempts: 1,
    // Digests are given here, so that no other is computed beside them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: Math.min(timeoutMs, 10_000),
      socketTimeout: timeoutMs,
      httpAgent: { maxSockets: connections },
      httpsAgent: { maxSockets: connections },
    },
  }
  let client: S3Client | undefined
  const s3 = (): S3Client => (client ??= quiet(new S3Client(config)))
  const sending = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal })
  const encrypted =
    encryption === undefined
      ? {}
      : {
          ServerSideEncryption: encryption.mode,
          ...(encryption.mode === 'aws:kms' && { SSEKMSKeyId: encryption.keyId }),
        }

  const within = ({ first, last }: Inclusive) => ({ Range: `bytes=${first}-${last}` })

  return {
    async put(key, { bytes, sha256 }, { metadata, ifAbsent }, signal) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: bytes,
        ContentLength: bytes.byteLength,
        ChecksumAlgorithm: 'SHA256',
        ChecksumSHA256: base64Of(sha256),
        Metadata: { ...metadata },
        ...(ifAbsent && { IfNoneMatch: '*' }),
        ...encrypted,
      })
      command.middlewareStack.add(setHeaders({ 'x-amz-content-sha256': sha256 }), { step: 'build' })
      const answer = await s3().send(command, sending(signal))
      requireTag(answer, `Storing ${key}`)
      return {
        encryption: encryptionOf(answer),
        ...(answer.ChecksumSHA256 !== undefined && { checksum: answer.ChecksumSHA256 }),
      }
    },

    async get(key, range, bytesAtHand, signal) {
      // No range where all is wanted: a server may answer it more slowly.
      const asked = { Bucket: bucket, Key: key, ...(range !== undefined && within(range)) }
      const answer = await s3().send(new GetObjectCommand(asked), sending(signal))
      const etag = requireTag(answer, `Reading ${key}`)
      const length = answer.ContentLength
      const size = range === undefined ? length : Number(/\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1] ?? NaN)
      const body: unknown = answer.Body
      if (size === undefined || Number.isNaN(size) || length === undefined || !(body instanceof Readable))
        throw noRanges(key)
      const { Metadata: metadata = {} } = answer
      const facts = { size, etag, metadata, encryption: encryptionOf(answer) }
      return length > bytesAtHand
        ? { ...facts, incoming: body }
        : { ...facts, bytes: await bytesOf(body, length, signal) }
    },

    async stream(key, { etag, ...range }, signal) {
      const asked = { Bucket: bucket, Key: key, IfMatch: etag, ...within(range) }
      const { Body, ContentRange } = await s3().send(new GetObjectCommand(asked), sending(signal))
      const body: unknown = Body
      if (ContentRange === undefined || !(body instanceof Readable)) throw noRanges(key)
      return body
    },

    async head(key, signal) {
      const answer = await s3().send(new HeadObjectCommand({ Bucket: bucket, Key: key }), sending(signal))
      return {
        size: answer.ContentLength ?? 0,
        etag: requireTag(answer, `Looking for ${key}`),
        metadata: answer.Metadata ?? {},
        encryption: encryptionOf(answer),
      }
    },

    async list(prefix, after, signal) {
      const answer = await s3().send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(after !== undefined && { ContinuationToken: after }),
        }),
        sending(signal),
      )
      if (answer.Name === undefined) throw notTheService(`Listing ${prefix}`)
      const objects = (answer.Contents ?? []).map(({ Key = '', Size = 0, LastModified }) => ({
        key: Key,
        size: Size,
        ...(LastModified !== undefined && { storedAt: LastModified.getTime() }),
      }))
      return {
        objects,
        ...(answer.IsTruncated === true &&
          answer.NextContinuationToken !== undefined && { next: answer.NextContinuationToken }),
      }
    },

    async delete(key, signal) {
      const { $metadata } = await s3().send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), sending(signal))
      // There is nothing in the answer of S3 but its status.
      if ($metadata.httpStatusCode !== 204) throw notTheService(`Deleting ${key}`)
    },

    async beginUpload(key, metadata, signal) {
      const { UploadId } = await s3().send(
        new CreateMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          ChecksumAlgorithm: 'SHA256',
          Metadata: { ...metadata },
          ...encrypted,
        }),
        sending(signal),
      )
      if (UploadId === undefined) throw notTheService(`Beginning an upload of ${key}`)
      return UploadId
    },

    async uploadPart(key, upload, number, { bytes, sha256 }, signal) {
      const command = new UploadPartCommand({
        Bucket: bucket,
        Key: key,
        UploadId: upload,
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.byteLength,
        ChecksumAlgorithm: 'SHA256',
        ChecksumSHA256: base64Of(sha256),
      })
      command.middlewareStack.add(setHeaders({ 'x-amz-content-sha256': sha256 }), { step: 'build' })
      const answer = await s3().send(command, sending(signal))
      const etag = requireTag(answer, `Storing part ${number} of ${key}`)
      const { ChecksumSHA256 } = answer
      return { number, etag, ...(ChecksumSHA256 !== undefined && { checksum: ChecksumSHA256 }) }
    },

    async completeUpload(key, upload, parts, ifAbsent, signal) {
      const answer = await s3().send(
        new CompleteMultipartUploadCommand({
          Bucket: bucket,
          Key: key,
          UploadId: upload,
          MultipartUpload: {
            Parts: parts.map(({ number, etag, checksum }) => ({
              PartNumber: number,
              ETag: etag,
              ...(checksum !== undefined && { ChecksumSHA256: checksum }),
            })),
          },
          ...(ifAbsent && { IfNoneMatch: '*' }),
        }),
        sending(signal),
      )
      // Not all servers say the tag here, but then the key.
      if (answer.ETag === undefined && answer.Key === undefined) throw notTheService(`Storing ${key}`)
      return { encryption: encryptionOf(answer) }
    },

    async abortUpload(key, upload, signal) {
      await s3().send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload }), sending(signal))
    },

    presign(method, key, expiresInSeconds, { size, headers }) {
      const object = { Bucket: bucket, Key: key }
      const signed = {
        expiresIn: expiresInSeconds,
        // By the server's clock, where an answer has told that this one is off.
        signingDate: new Date(Date.now() + s3().config.systemClockOffset),
        // Headers, not parameters of the address: servers enforce them there only.
        unhoistableHeaders: new Set(Object.keys(headers)),
      }
      if (method === 'GET') return getSignedUrl(s3(), new GetObjectCommand(object), signed)
      const command = new PutObjectCommand({ ...object, ContentLength: size })
      command.middlewareStack.add(setHeaders(headers), { step: 'build' })
      return getSignedUrl(s3(), command, signed)
    },

    renew() {
      client?.destroy()
      client = undefined
    },
  }
}

/** What every answer about an object has, and the page of a proxy has not. */
function requireTag({ ETag }: { readonly ETag?: string | undefined }, what: string): string {
  if (ETag === undefined || ETag === '') throw notTheService(what)
  return ETag
}

function noRanges(key: string): SeamError {
  return new SeamError('UNSUPPORTED', `The server does not answer a range of ${key} as RFC 9110 says.`, {
    remedy: 'Use a server that knows range requests.',
  })
}
