import { registerSuite, underTraits } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import type { StorageSubject } from '@seamark/conformance/storage'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../src/index.ts'

async function subject(): Promise<StorageSubject> {
  const seam = memoryStorage()
  return { seam, damage: async (key) => seam.damage(key), dispose: async () => undefined }
}

registerSuite(storageSuite, subject, { describe, it })
registerSuite(underTraits(storageSuite, subject), subject, { describe, it })

it('shares a map of objects with its successor', async () => {
  const objects = new Map()
  await memoryStorage({ objects }).put('ns/a', Buffer.from('kept'))
  expect((await memoryStorage({ objects }).head('ns/a'))?.size).toBe(4)
})

it('can damage nothing where there is nothing', () => {
  expect(() => memoryStorage().damage('ns/a')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
})
