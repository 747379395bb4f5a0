import type { NodeEntry, PayloadEntry, RecordEntry } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { emptyFrontier, readFrontier } from '@seamark/log'
import type { Move } from './sides.ts'

// One durable commit covers at most this much.
const recordsPerBatch = 2_000
const bytesPerBatch = 4 * 1024 * 1024

/** Appends the records from `at` on with their payloads, in order, the tree's nodes computed again. Constant memory. */
export async function copyRecords({ ns, from, to, lease, size, onProgress, signal }: Move, at: number): Promise<void> {
  const frontier =
    at === 0
      ? emptyFrontier()
      : await readFrontier((level, first, count) => to.journal.hashes(ns, level, first, count), at)
  let records: RecordEntry[] = []
  let payloads: PayloadEntry[] = []
  let nodes: NodeEntry[] = []
  let bytes = 0
  let done = at

  const flush = async (): Promise<void> => {
    if (records.length === 0) return
    await to.journal.append(lease, done, { records, payloads, nodes, changes: [] })
    done += records.length
    onProgress?.({ phase: 'copy', done, of: size })
    records = []
    payloads = []
    nodes = []
    bytes = 0
  }
  for await (const { payload, ...record } of from.journal.read(ns, at, { to: size, payloads: true })) {
    throwIfAborted(signal)
    records.push(record)
    frontier.append(record.leaf, nodes)
    if (payload !== undefined) payloads.push({ seq: record.seq, ...payload })
    bytes += record.header.length + (payload?.bytes.length ?? 0)
    if (records.length >= recordsPerBatch || bytes >= bytesPerBatch) await flush()
  }
  await flush()
  if (done !== size)
    throw new SeamError('INTEGRITY', `The source gave ${done} of its ${size} records.`, {
      remedy: 'Run `seamark doctor --deep` on the source.',
    })
}
