import type { CallOptions, Journal, Projections, StorageProvider } from '@seamark/core'
import { blobKey, SeamError, sha256Hex } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import type { Reach } from './reach.ts'

export interface MarkOptions {
  readonly ns: string
  readonly journal: Journal
  readonly projections: Projections
  /** Where the manifests of agents are. */
  readonly storage: StorageProvider
  /** Records from there on are of no account: what they name was put since. */
  readonly size: number
  /** Epoch milliseconds; runs that were sealed before are given up. */
  readonly runsBefore?: number
  readonly snapshotsBefore?: number
  /** Only what this run names is removed, whatever its age. */
  readonly run?: string
  /** Where the first record may be of a collection of just one run. Absent: there is none. Runs that were removed so are given up. */
  readonly removalsFrom?: number | undefined
  /** Runs that are not given up, whatever their age. */
  readonly held: ReadonlySet<string>
}

/** How many runs are given up, and of how many the snapshots only. */
export interface GivenUpRuns {
  runs: number
  snapshots: number
}

// Between them others have their turn.
const recordsAtOnce = 1_000

/** Bytes of a manifest: its files' names and digests are beside its definition. */
const manifestBytes = 1024 * 1024

const SHA256 = /"sha256":"([0-9a-f]{64})"/g

/**
 * Notes every blob that a record names, whatever kind of record it is: also of a kind that this version does not know.
 * Errors: `INTEGRITY` where a manifest of an agent is gone: what it names is not known.
 */
export async function mark(reach: Reach, options: MarkOptions, call: CallOptions): Promise<GivenUpRuns> {
  const { run: only } = options
  const found = await giveUpRuns(reach, options, call)
  await giveUpRemoved(reach, options, call)
  let records = 0
  for await (const { header, run } of options.journal.read(options.ns, 0, { to: options.size, ...call })) {
    if (++records % recordsAtOnce === 0) await setImmediate()
    const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength)
    if (bytes.includes('"kind":"agent.pushed"')) await markAgent(reach, options, bytes.toString(), call)
    if (!bytes.includes('"sha256":"')) continue
    // What is looked for is ASCII.
    const text = bytes.toString('latin1')
    const what = run === undefined ? undefined : reach.givenUp(run)
    // Others that are given up neither keep it nor lose what is theirs alone.
    if (only !== undefined && what !== undefined && run !== only) continue
    for (const sha256 of digestsIn(text)) reach.name(sha256, what === undefined ? 'kept' : 'givenUp')
    if (what === 'snapshots') for (const sha256 of digestsIn(withoutSnapshots(text))) reach.name(sha256, 'kept')
  }
  return found
}

/** Of sealed runs. What runs in flight have is not asked about. */
async function giveUpRuns(reach: Reach, options: MarkOptions, call: CallOptions): Promise<GivenUpRuns> {
  const { ns, projections, runsBefore = 0, snapshotsBefore = 0, run: only, held } = options
  const found: GivenUpRuns = { runs: 0, snapshots: 0 }
  if (only !== undefined) {
    if (held.has(only)) return found
    reach.giveUp(only, 'all')
    return { ...found, runs: 1 }
  }
  if (runsBefore === 0 && snapshotsBefore === 0) return found
  let cursor: string | undefined
  do {
    const page = await projections.query(ns, 'runs', {}, { limit: 1_000, ...(cursor && { cursor }) }, call)
    for (const { run, status, sealedAt } of page.rows) {
      if (sealedAt === undefined || status === 'running' || status === 'canceling' || held.has(run)) continue
      if (sealedAt < runsBefore) found.runs++
      else if (sealedAt < snapshotsBefore) found.snapshots++
      else continue
      reach.giveUp(run, sealedAt < runsBefore ? 'all' : 'snapshots')
    }
    ;({ cursor } = page)
  } while (cursor !== undefined)
  return found
}

/** As somebody asked, one by one. */
async function giveUpRemoved(reach: Reach, options: MarkOptions, call: CallOptions): Promise<void> {
  const { ns, journal, removalsFrom, size, held } = options
  if (removalsFrom === undefined) return
  let records = 0
  for await (const { header } of journal.read(ns, removalsFrom, { to: size, ...call })) {
    if (++records % recordsAtOnce === 0) await setImmediate()
    const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength)
    if (!bytes.includes('"kind":"collection.begun"')) continue
    // What stands in a text of the record has its quotes escaped.
    const [, run] = /"run":"([^"]+)"/.exec(bytes.toString()) ?? []
    if (run !== undefined && !held.has(run)) reach.giveUp(run, 'all')
  }
}

/** Versions that were removed too: runs that name them go on. */
async function markAgent(reach: Reach, { ns, storage }: MarkOptions, header: string, call: CallOptions): Promise<void> {
  const digest = /"digest":"([0-9a-f]{64})"/.exec(header)?.[1] ?? ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (await storage.get(blobKey(ns, digest), call))?.body ?? []) {
    size += chunk.byteLength
    if (size > manifestBytes) break
    chunks.push(chunk)
  }
  const manifest = Buffer.concat(chunks)
  if (sha256Hex(manifest) !== digest)
    throw new SeamError('INTEGRITY', `The manifest ${digest} of an agent is gone or another; nothing was removed.`, {
      remedy: 'Push that version of the agent again.',
    })
  reach.name(digest, 'kept')
  for (const sha256 of digestsIn(manifest.toString('latin1'))) reach.name(sha256, 'kept')
}

function* digestsIn(text: string): Generator<string> {
  for (const [, sha256 = ''] of text.matchAll(SHA256)) yield sha256
}

function withoutSnapshots(header: string): string {
  return JSON.stringify(
    JSON.parse(header, (name, value: unknown) => (name === 'snapshot' || name === 'conversation' ? undefined : value)),
  )
}
