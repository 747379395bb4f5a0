// Collects, twice at once, what is in a bucket of which the options are named; prints how each call ended.
import { guardedStorage } from '@seamark/collector'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { isSeamError } from '@seamark/kit'
import type { S3StorageOptions } from '@seamark/storage-s3'
import { s3Storage } from '@seamark/storage-s3'
import { join } from 'node:path'
import { collect } from '../src/gc.ts'
import { smallEngine } from './small-engine.ts'

const [, , dataDir = '', options = ''] = process.argv
const store = sqliteJournal({ dir: join(dataDir, 'journal') })
const engine = smallEngine(store)
await engine.start()
const deployment = {
  ns: 'default',
  dataDir,
  ...store,
  guarded: guardedStorage(s3Storage(JSON.parse(options) as S3StorageOptions)),
  exporting: new Map<string, number>(),
  retention: {},
  quotaBytes: {},
  worker: { makeRoom: () => Promise.reject(new Error('There is no quota.')) },
  requireEngine: async () => engine,
}
const collecting = () =>
  collect(deployment, { id: 'local:1000' }, { graceMs: 0 }, { onNotice: () => undefined }).then(
    ({ removed }) => removed.orphaned.objects,
    (error: unknown) => (isSeamError(error) ? error.code : String(error)),
  )
const ends = await Promise.all([collecting(), collecting()])
await engine.stop()
await store.journal.close()
process.stdout.write(JSON.stringify(ends))
