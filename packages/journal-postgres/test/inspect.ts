import type { Checkpoint } from '@seamark/core'
import { emptyFrontier, toHex } from '@seamark/log'
import { expect } from 'vitest'
import type { PostgresStore } from '../src/index.ts'
import { headerOf, payloadOf } from './log.ts'

/** Asserts that what a store holds is exactly what `log.ts` writes, up to some whole batch, and gives its size. */
export async function expectWhole(store: PostgresStore): Promise<{ size: number; checkpoint: Checkpoint | undefined }> {
  const { size, checkpoint } = await store.journal.head('default')
  const frontier = emptyFrontier()
  const roots = new Map<number, string>()
  for await (const { seq, header, leaf, run, payload } of store.journal.read('default', 0, {
    payloads: true,
    to: size,
  })) {
    if (seq !== frontier.size || run !== `run-${seq % 3}` || !headerOf(seq).equals(header)) expect.fail(`record ${seq}`)
    if (payload === undefined || !payloadOf(seq, 10).equals(payload.bytes)) expect.fail(`payload of record ${seq}`)
    frontier.append(leaf)
    if (frontier.size === checkpoint?.size) roots.set(frontier.size, toHex(frontier.root()))
  }
  expect(frontier.size).toBe(size)
  if (checkpoint !== undefined) expect(roots.get(checkpoint.size)).toBe(checkpoint.root)
  const { rows } = await store.projections.query('default', 'runs', {})
  // The row is of the same transaction as the newest record.
  expect(rows.map(({ items }) => items)).toEqual(size === 0 ? [] : [size])
  const { damage } = await store.journal.scrub('default', { bytesPerSecond: 1e10 })
  expect(damage).toBeUndefined()
  return { size, checkpoint }
}
