import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { s3Storage } from '@seamark/storage-s3'
import type { S3Access } from '@seamark/testing-services'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { msOf } from '../stats.ts'

/** What one process does with a bucket. */
export interface S3Work {
  readonly access: S3Access
  readonly bucket: string
  readonly by: 'storage' | 'sdk'
  /** Of key names, which are never used twice. */
  readonly turn: number
  /** So many objects of 4 kB at a time of 64, or one of so many bytes. */
  readonly work: { readonly objects: number } | { readonly bytes: number }
}

export interface S3Times {
  /** Memory of the process with the client loaded, before it does anything. */
  readonly loadedBytes: number
  readonly putMs: number
  readonly getMs: number
}

const concurrency = 64
const smallBytes = 4_096
const chunk = randomBytes(1024 * 1024)

interface Doer {
  put(key: string, body: Uint8Array): Promise<unknown>
  get(key: string): Promise<number>
  putStream(key: string, bytes: number): Promise<unknown>
}

/** Puts and gets, with ours or with the bare client. */
export async function measure({ access, bucket, by, turn, work }: S3Work): Promise<S3Times> {
  const loadedBytes = process.memoryUsage.rss()
  const doer = by === 'storage' ? ours(access, bucket) : bare(access, bucket)
  const prefix = `bench/${by}-${turn}`
  if ('bytes' in work) {
    const putMs = await msOf(() => doer.putStream(prefix, work.bytes))
    const getMs = await msOf(async () => {
      const got = await doer.get(prefix)
      if (got !== work.bytes) throw new Error(`${got} of ${work.bytes} bytes came back.`)
    })
    return { loadedBytes, putMs, getMs }
  }
  const body = randomBytes(smallBytes)
  const all = async (each: (key: string) => Promise<unknown>, round: string): Promise<void> => {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < work.objects) await each(`${prefix}/${round}/${next++}`)
    }
    await Promise.all(Array.from({ length: concurrency }, lane))
  }
  const putMs = await msOf(() => all((key) => doer.put(key, body), 'a'))
  const getMs = await msOf(() => all((key) => doer.get(key), 'a'))
  return { loadedBytes, putMs, getMs }
}

async function* stream(bytes: number): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; left -= chunk.byteLength) yield chunk.subarray(0, left)
}

async function sizeOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const part of body) size += part.byteLength
  return size
}

function ours({ endpoint, region, accessKeyId, secretAccessKey }: S3Access, bucket: string): Doer {
  const credentials = { accessKeyId, secretAccessKey }
  const storage = s3Storage({ bucket, endpoint, region, credentials, pathStyle: true })
  return {
    put: (key, body) => storage.put(key, body),
    get: async (key) => sizeOf((await storage.get(key))?.body ?? stream(0)),
    putStream: (key, bytes) => storage.put(key, stream(bytes), { size: bytes }),
  }
}

function bare(access: S3Access, bucket: string): Doer {
  const { endpoint, region } = access
  const requestHandler = { httpAgent: { maxSockets: concurrency } }
  const client = new S3Client({ endpoint, region, credentials: access, forcePathStyle: true, requestHandler })
  return {
    put: (key, body) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body })),
    async get(key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
      if (!(Body instanceof Readable)) throw new Error('The answer has no stream.')
      return sizeOf(Body)
    },
    putStream: (key, bytes) =>
      new Upload({ client, params: { Bucket: bucket, Key: key, Body: Readable.from(stream(bytes)) } }).done(),
  }
}
