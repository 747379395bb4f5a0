import { randomUUID } from 'node:crypto'
import { registerSuite, underTraits } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import type { StorageSubject } from '@seamark/conformance/storage'
import { s3Storage } from '@seamark/storage-s3'
import { sharedServer } from '@seamark/testing-services'
import { describe, it } from 'vitest'
import { encryptedStorage } from '../src/index.ts'
import { readAll, sharedKeys } from './support.ts'

const keys = await sharedKeys()

/** A bucket of moto's server, which takes requests without a signature too. */
async function inBucket(): Promise<StorageSubject> {
  const { endpoint, region, accessKeyId, secretAccessKey } = await sharedServer('moto')
  const bucket = `encrypted-${randomUUID()}`
  const { ok, status } = await fetch(`${endpoint}/${bucket}`, { method: 'PUT' })
  if (!ok) throw new Error(`No bucket was made: HTTP ${status}`)
  const below = s3Storage({
    bucket,
    region,
    endpoint,
    pathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
  return {
    seam: encryptedStorage(below, { keys }),
    reopen: async () => encryptedStorage(below, { keys }),
    async damage(key) {
      const bytes = (await readAll(below, key)) ?? Buffer.alloc(0)
      bytes[300_000] = (bytes[300_000] ?? 0) ^ 1
      // Put as any other object: what the storage below checks is right, and what is in it is not.
      await below.put(key, bytes)
    },
    async dispose() {
      for await (const { key } of below.list('')) await below.delete(key)
    },
  }
}

// Thousands of objects are listed alike under any trait; in a folder and in memory that is held under traits too.
const few = { ...storageSuite, cases: storageSuite.cases.filter(({ id }) => id !== 'storage/list-is-whole') }

describe('S3', () => {
  registerSuite(storageSuite, inBucket, { describe, it })
  registerSuite(underTraits(few, inBucket), inBucket, { describe, it })
})
