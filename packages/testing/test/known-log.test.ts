import type { Journal } from '@seamark/core'
import { expect, it } from 'vitest'
import { memoryJournal, openLog, requireWhole } from '../src/index.ts'
import type { ScrubbedStore } from '../src/index.ts'

function store(more: Partial<Journal> = {}): ScrubbedStore {
  const { journal, projections } = memory
  return { journal: { ...journal, ...more, scrub: async () => ({ records: 0, bytes: 0 }) }, projections }
}
const memory = memoryJournal()

it('knows what it has written from what it has not', async () => {
  expect(await requireWhole(store())).toEqual({ size: 0, checkpoint: undefined })
  const log = await openLog(memory.journal)
  await log.append(20)
  const checkpoint = log.checkpoint()
  await memory.journal.commitCheckpoint(log.lease, checkpoint)
  await log.append(10)
  expect(await requireWhole(store())).toEqual({ size: 30, checkpoint })

  const { head, read } = memory.journal
  const others: readonly Partial<Journal>[] = [
    { head: async (ns) => ({ ...(await head(ns)), size: 20 }) },
    { head: async (ns) => ({ ...(await head(ns)), checkpoint: { ...checkpoint, root: '0'.repeat(64) } }) },
    { read: (ns, from, options) => read(ns, from + 1, options) },
    { read: (ns, from, options) => read(ns, from, { ...options, payloads: false }) },
  ]
  for (const other of others) await expect(requireWhole(store(other))).rejects.toThrow('Not what was written')
})
