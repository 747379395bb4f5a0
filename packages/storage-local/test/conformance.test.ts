import type { StorageProvider } from '@seamark/core'
import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import type { StorageSubject } from '@seamark/conformance/storage'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { folderStorage } from '../src/index.ts'
import { pathOfKey } from '../src/layout.ts'

async function subject(): Promise<StorageSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-storage-'))
  const make = (): StorageProvider => folderStorage({ dir: join(dir, 'store') })
  return {
    seam: make(),
    reopen: async () => make(),
    async damage(key) {
      const file = await open(join(dir, 'store', ...pathOfKey(key)), 'r+')
      try {
        const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 300_000)
        await file.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, 300_000)
      } finally {
        await file.close()
      }
    },
    dispose: () => rm(dir, { recursive: true, force: true }),
  }
}

registerSuite(storageSuite, subject, { describe, it })
registerSaboteurs(storageSuite, subject, { describe, it })
registerSuite(underTraits(storageSuite, subject), subject, { describe, it })
