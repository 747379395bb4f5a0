import { mkdtempSync } from 'node:fs'
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerSuite, underTraits } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { journalOf, projectionsOf, projectionsSuite } from '@seamark/conformance/projections'
import type { FreshStore } from '@seamark/conformance/projections'
import { storageSuite } from '@seamark/conformance/storage'
import type { StorageSubject } from '@seamark/conformance/storage'
import type { StorageProvider } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { folderStorage } from '@seamark/storage-local'
import { memoryJournal, memoryStorage } from '@seamark/testing'
import { describe, it } from 'vitest'
import { encryptedJournal, encryptedStorage } from '../src/index.ts'
import { sharedKeys } from './support.ts'

const keys = await sharedKeys()

async function inFolder(): Promise<StorageSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-encryption-'))
  const make = (): StorageProvider => encryptedStorage(folderStorage({ dir: join(dir, 'store') }), { keys })
  return {
    seam: make(),
    reopen: async () => make(),
    async damage() {
      const file = await open(await largestFile(join(dir, 'store')), 'r+')
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

/** The file of the object that is to be damaged: how the folder names it is its own matter. */
async function largestFile(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  return paths[sizes.indexOf(Math.max(...sizes))] ?? ''
}

async function inMemory(): Promise<StorageSubject> {
  const inner = memoryStorage()
  return {
    seam: encryptedStorage(inner, { keys }),
    damage: async (key) => inner.damage(key),
    dispose: async () => undefined,
  }
}

function onSqlite(): FreshStore {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-encryption-'))
  const make = () => {
    const { journal, projections } = sqliteJournal({ dir, reserveBytes: 64 * 1024 })
    return { journal: encryptedJournal(journal, { keys }), projections }
  }
  let present = make()
  return {
    current: () => present,
    async reopen() {
      await present.journal.close()
      return (present = make())
    },
    async dispose() {
      await present.journal.close()
      await rm(dir, { recursive: true })
    },
  }
}

async function journalInMemory() {
  return { seam: encryptedJournal(memoryJournal().journal, { keys }), dispose: async () => undefined }
}

describe('a folder', () => {
  registerSuite(storageSuite, inFolder, { describe, it })
  registerSuite(underTraits(storageSuite, inFolder), inFolder, {
    describe,
    it,
  })
})
describe('a storage in memory', () => {
  registerSuite(storageSuite, inMemory, { describe, it })
  registerSuite(underTraits(storageSuite, inMemory), inMemory, { describe, it })
})
describe('a journal on SQLite', () => {
  const journals = journalOf(onSqlite)
  const projections = projectionsOf(onSqlite)
  registerSuite(journalSuite, journals, { describe, it })
  registerSuite(projectionsSuite, projections, { describe, it })
  registerSuite(underTraits(journalSuite, journals, ['detached', 'reopened', 'at-once']), journals, { describe, it })
  registerSuite(underTraits(projectionsSuite, projections, ['detached', 'reopened', 'at-once']), projections, {
    describe,
    it,
  })
})
describe('a journal in memory', () => {
  registerSuite(journalSuite, journalInMemory, { describe, it })
  registerSuite(underTraits(journalSuite, journalInMemory, ['detached', 'at-once']), journalInMemory, { describe, it })
})
