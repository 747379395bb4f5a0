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

export interface CollectionTimes {
  readonly collectMs: number
  readonly walkMs: number
  readonly ratio: number
}

const NAMES_PER_RECORD = 500
const LOOKED_AT_ONCE = 64

/** What is done in a process of its own, in a folder that all of them get. */
export type CollectionStep =
  | { readonly step: 'fill' }
  /** In turn with a bare walk of the same files. */
  | { readonly step: 'time'; readonly rounds: number }
  | { readonly step: 'collect' }

/** Collects, without removing anything. */
export async function measure({
  dir,
  blobs,
  ...asked
}: CollectionStep & { readonly dir: string; readonly blobs: number }): Promise<CollectionTimes | undefined> {
  const folder = join(dir, 'store')
  const store = sqliteJournal({ dir: join(dir, 'journal') })
  try {
    if (asked.step === 'fill') {
      await fill(folder, blobs)
      await name(store.journal, blobs / 2)
      return undefined
    }
    const collecting = () => msOf(() => collected(dir, store, blobs))
    if (asked.step === 'collect') {
      await collecting()
      return undefined
    }
    const taken = await inTurn(asked.rounds, collecting, () => msOf(() => walked(join(folder, NS, 'blobs'), blobs)))
    return { collectMs: median(taken.measured), walkMs: median(taken.baseline), ratio: pairedRatio(taken) }
  } finally {
    await store.journal.close?.()
  }
}

async function collected(dir: string, store: ReturnType<typeof sqliteJournal>, blobs: number): Promise<void> {
  const { kept, removed } = await collect({
    ns: NS,
    ...store,
    guarded: guardedStorage(folderStorage({ dir: join(dir, 'store') })),
    size: (await store.journal.head(NS)).size,
    dir: join(dir, 'list'),
    storedBefore: Date.now() + 60_000,
    dryRun: true,
    held: new Set(),
  })
  if (kept.objects !== blobs / 2 || removed.orphaned.objects !== blobs / 2)
    throw new Error(`It kept ${kept.objects} and would remove ${removed.orphaned.objects}.`)
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

/** Records that name the first blobs. */
async function name(journal: ReturnType<typeof sqliteJournal>['journal'], blobs: number): Promise<void> {
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
