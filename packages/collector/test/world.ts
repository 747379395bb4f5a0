import type { NodeEntry, RecordEntry, RunRow } from '@seamark/core'
import { blobKey, sha256Hex } from '@seamark/kit'
import { emptyFrontier, leafHash } from '@seamark/log'
import { memoryJournal, memoryStorage } from '@seamark/testing'
import type { MemoryObject } from '@seamark/testing'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CollectionReport, CollectOptions, GuardedStorage } from '../src/index.ts'
import { collect, guardedStorage } from '../src/index.ts'

export const NS = 'default'
export const HOUR = 3_600_000

interface World {
  readonly objects: Map<string, MemoryObject>
  readonly guarded: GuardedStorage
  readonly dir: string
  /** Stores a text as a blob, put at a time. */
  blob(text: string, storedAt?: number): Promise<string>
  record(kind: string, data: unknown, run?: string): Promise<void>
  row(run: string, sealedAt?: number): Promise<void>
  collect(options?: Partial<CollectOptions>, call?: Parameters<typeof collect>[1]): Promise<CollectionReport>
  /** Digests that are stored, and keys of what is no blob. */
  stored(): string[]
}

/** A namespace in memory, whose records, rows and blobs a test says. */
export async function world(now: () => number = Date.now): Promise<World> {
  const objects = new Map<string, MemoryObject>()
  const inner = memoryStorage({ objects })
  const { journal, projections } = memoryJournal()
  const lease = await journal.acquire(NS, 'test')
  const frontier = emptyFrontier()
  const guarded = guardedStorage(inner, now)
  const dir = mkdtempSync(join(tmpdir(), 'seamark-collector-'))

  return {
    objects,
    guarded,
    dir,
    async blob(text, storedAt = 0) {
      const sha256 = sha256Hex(text)
      await guarded.storage.put(blobKey(NS, sha256), Buffer.from(text))
      const stored = objects.get(blobKey(NS, sha256))
      if (stored !== undefined) stored.storedAt = storedAt
      return sha256
    },
    async record(kind, data, run) {
      const seq = frontier.size
      const header = Buffer.from(JSON.stringify({ data, kind, seq, ...(run !== undefined && { run }) }))
      const record: RecordEntry = { seq, header, leaf: leafHash(header), ...(run !== undefined && { run }) }
      const nodes: NodeEntry[] = []
      frontier.append(record.leaf, nodes)
      await journal.append(lease, seq, { records: [record], payloads: [], nodes, changes: [] })
    },
    async row(run, sealedAt) {
      const row: RunRow = {
        run,
        status: sealedAt === undefined ? 'running' : 'succeeded',
        seq: 0,
        plan: '',
        items: 0,
        settled: { succeeded: 0, failed: 0, canceled: 0, skipped: 0 },
        submittedBy: 'test',
        submittedAt: 0,
        ...(sealedAt !== undefined && { sealedAt }),
      }
      const changes = [{ projection: 'runs', row }] as const
      await journal.append(lease, frontier.size, { records: [], payloads: [], nodes: [], changes })
    },
    collect: (options = {}, call = {}) =>
      collect(
        {
          ns: NS,
          journal,
          projections,
          guarded,
          size: frontier.size,
          held: new Set(),
          storedBefore: HOUR,
          dryRun: false,
          dir,
          ...options,
        },
        call,
      ),
    stored: () => [...objects.keys()].map((key) => /[0-9a-f]{64}$/.exec(key)?.[0] ?? key).toSorted(),
  }
}
