import { collect, guardedStorage } from '@seamark/collector'
import type { NodeEntry, RecordEntry } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { blobKey, sha256Hex } from '@seamark/kit'
import { emptyFrontier, leafHash } from '@seamark/log'
import { folderStorage } from '@seamark/storage-local'
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { NS } from '../rig.ts'
import { inTurn, median, msOf, pairedRatio } from '../stats.ts'
import { inTemporary } from '../temp.ts'

export interface CollectionTimes {
  readonly collectMs: number
  readonly walkMs: number
  readonly ratio: number
}

const NAMES_PER_RECORD = 500
const LOOKED_AT_ONCE = 64

/** Collects, without removing anything, in turn with a bare walk of the same files. */
export function measure({ blobs, rounds }: { blobs: number; rounds: number }): Promise<CollectionTimes> {
  return inTemporary(async (dir) => {
    const folder = join(dir, 'store')
    await fill(folder, blobs)
    const store = sqliteJournal({ dir: join(dir, 'journal') })
    const size = await name(store.journal, blobs / 2)
    const guarded = guardedStorage(folderStorage({ dir: folder }))
    const collecting = () =>
      msOf(async () => {
        const { kept, removed } = await collect({
          ns: NS,
          journal: store.journal,
          projections: store.projections,
          guarded,
          size,
          dir: join(dir, 'list'),
          storedBefore: Date.now() + 60_000,
          dryRun: true,
          held: new Set(),
        })
        if (kept.objects !== blobs / 2 || removed.orphaned.objects !== blobs / 2)
          throw new Error(`It kept ${kept.objects} and would remove ${removed.orphaned.objects}.`)
      })
    const taken = await inTurn(rounds, collecting, () => msOf(() => walked(join(folder, NS, 'blobs'), blobs)))
    await store.journal.close?.()
    return { collectMs: median(taken.measured), walkMs: median(taken.baseline), ratio: pairedRatio(taken) }
  })
}

/** Stores one blob, and copies its file to where the others are: a listing looks at names, sizes and times. */
async function fill(folder: string, blobs: number): Promise<void> {
  await folderStorage({ dir: folder }).put(blobKey(NS, digestOf(0)), Buffer.from('0'))
  const file = (n: number) => join(folder, `${blobKey(NS, digestOf(n))}@`)
  for (let n = 1; n < blobs; n++) {
    mkdirSync(join(file(n), '..'), { recursive: true })
    copyFileSync(file(0), file(n))
  }
}

function digestOf(n: number): string {
  return sha256Hex(String(n))
}

/** Records that name the first blobs. Resolves with the size of the log. */
async function name(journal: ReturnType<typeof sqliteJournal>['journal'], blobs: number): Promise<number> {
  const lease = await journal.acquire(NS, 'bench')
  const frontier = emptyFrontier()
  for (let at = 0; at < blobs; at += NAMES_PER_RECORD) {
    const seq = frontier.size
    const data = Array.from({ length: Math.min(NAMES_PER_RECORD, blobs - at) }, (_, n) => ({
      sha256: digestOf(at + n),
      size: 1,
    }))
    const header = Buffer.from(JSON.stringify({ data, kind: 'bench', seq }))
    const record: RecordEntry = { seq, header, leaf: leafHash(header) }
    const nodes: NodeEntry[] = []
    frontier.append(record.leaf, nodes)
    await journal.append(lease, seq, { records: [record], payloads: [], nodes, changes: [] })
  }
  return frontier.size
}

async function walked(folder: string, blobs: number): Promise<void> {
  let seen = 0
  for (const name of readdirSync(folder)) {
    const files = readdirSync(join(folder, name))
    for (let at = 0; at < files.length; at += LOOKED_AT_ONCE) {
      const looks = files.slice(at, at + LOOKED_AT_ONCE).map((file) => lstat(join(folder, name, file)))
      seen += (await Promise.all(looks)).length
    }
  }
  if (seen !== blobs) throw new Error(`${seen} files are there.`)
}
