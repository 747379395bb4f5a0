import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerSuite } from '@seamark/conformance'
import type { MakeSubject } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { projectionsSuite, writableProjections } from '@seamark/conformance/projections'
import type { WritableProjections } from '@seamark/conformance/projections'
import { storageSuite } from '@seamark/conformance/storage'
import type { StorageSubject } from '@seamark/conformance/storage'
import type { Journal, StorageProvider } from '@seamark/core'
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

const onSqlite: MakeSubject<{ journal: Journal; projections: WritableProjections }> = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-encryption-'))
  const make = () => {
    const store = sqliteJournal({ dir, reserveBytes: 64 * 1024 })
    const journal = encryptedJournal(store.journal, { keys })
    return { journal, projections: writableProjections({ journal, projections: store.projections }) }
  }
  let present = make()
  return {
    seam: present,
    async reopen() {
      await present.journal.close()
      present = make()
      return present
    },
    async dispose() {
      await present.journal.close()
      await rm(dir, { recursive: true })
    },
  }
}

async function journalOnSqlite() {
  const { seam, reopen, dispose } = await onSqlite()
  return { seam: seam.journal, reopen: async () => (await reopen?.())?.journal ?? seam.journal, dispose }
}

async function projectionsOnSqlite() {
  const { seam, reopen, dispose } = await onSqlite()
  return { seam: seam.projections, reopen: async () => (await reopen?.())?.projections ?? seam.projections, dispose }
}

async function journalInMemory() {
  return { seam: encryptedJournal(memoryJournal().journal, { keys }), dispose: async () => undefined }
}

describe('a folder', () => registerSuite(storageSuite, inFolder, { describe, it }))
describe('a storage in memory', () => registerSuite(storageSuite, inMemory, { describe, it }))
describe('a journal on SQLite', () => {
  registerSuite(journalSuite, journalOnSqlite, { describe, it })
  registerSuite(projectionsSuite, projectionsOnSqlite, { describe, it })
})
describe('a journal in memory', () => registerSuite(journalSuite, journalInMemory, { describe, it }))
