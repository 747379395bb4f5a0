import type { StoredRecord } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { emptyFrontier, readFrontier, toHex } from '@seamark/log'
import type { Move } from './sides.ts'

const recordsPerReport = 10_000

/**
 * Reads both sides from the first record and computes the root again from what arrived. A payload that was purged at the
 * source after an earlier, interrupted move had brought it is purged here too. Errors: `INTEGRITY`, naming the record.
 */
export async function compare(move: Move): Promise<{ root: string; payloads: number }> {
  const { ns, from, to, lease, size, onProgress, signal } = move
  const arrived = to.journal.read(ns, 0, { to: size, payloads: true })[Symbol.asyncIterator]()
  const frontier = emptyFrontier()
  const purged: number[] = []
  let payloads = 0
  try {
    for await (const sent of from.journal.read(ns, 0, { to: size, payloads: true })) {
      throwIfAborted(signal)
      const next = await arrived.next()
      if (next.done === true || !sameRecord(sent, next.value)) throw differs(sent.seq, 'the record')
      const got = next.value
      if (sent.payload === undefined && got.payload !== undefined) purged.push(sent.seq)
      else if (!samePayload(sent, got)) throw differs(sent.seq, 'the payload of record')
      if (sent.payload !== undefined) payloads++
      frontier.append(got.leaf)
      if (frontier.size % recordsPerReport === 0) onProgress?.({ phase: 'compare', done: frontier.size, of: size })
    }
  } finally {
    await arrived.return?.()
  }
  const root = toHex(frontier.root())
  // Of the stored tree, from which proofs are made.
  for (const { journal } of [from, to]) {
    const stored = await readFrontier((level, at, count) => journal.hashes(ns, level, at, count), size)
    if (frontier.size !== size || toHex(stored.root()) !== root)
      throw new SeamError('INTEGRITY', `The stored tree of ${journal.kind} is not that of its ${size} records.`)
  }
  if (purged.length > 0) await to.journal.purge(lease, purged)
  onProgress?.({ phase: 'compare', done: size, of: size })
  return { root, payloads }
}

function sameRecord(one: StoredRecord, other: StoredRecord): boolean {
  return one.seq === other.seq && one.run === other.run && same(one.header, other.header) && same(one.leaf, other.leaf)
}

function samePayload({ payload: one }: StoredRecord, { payload: other }: StoredRecord): boolean {
  if (one === undefined || other === undefined) return one === other
  return same(one.salt, other.salt) && same(one.bytes, other.bytes)
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

function differs(seq: number, what: string): SeamError {
  return new SeamError('INTEGRITY', `What arrived is not what was sent: ${what} ${seq} differs.`, {
    place: { pointer: `/records/${seq}` },
    remedy: 'Move again, to an empty namespace.',
  })
}
