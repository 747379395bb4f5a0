import { registerSuite, underTraits } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { projectionsSuite, writableProjections } from '@seamark/conformance/projections'
import type { JournalBatch } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import { emptyFrontier, leafHash } from '@seamark/log'
import { describe, expect, it } from 'vitest'
import { memoryJournal } from '../src/index.ts'
import type { MemoryJournalOptions } from '../src/index.ts'

function subject() {
  let memory = memoryJournal()
  const reopened = () => (memory = memory.reopen())
  return { memory, reopened, dispose: () => memory.journal.close() }
}

const journals = async () => {
  const { memory, reopened, dispose } = subject()
  return { seam: memory.journal, reopen: async () => reopened().journal, dispose }
}
const projections = async () => {
  const { memory, reopened, dispose } = subject()
  return { seam: writableProjections(memory), reopen: async () => writableProjections(reopened()), dispose }
}

registerSuite(journalSuite, journals, { describe, it })
registerSuite(projectionsSuite, projections, { describe, it })
registerSuite(underTraits(journalSuite, journals, ['detached', 'reopened', 'at-once']), journals, { describe, it })
registerSuite(underTraits(projectionsSuite, projections, ['detached', 'reopened', 'at-once']), projections, {
  describe,
  it,
})

const batch = (seq: number): JournalBatch => {
  const header = Buffer.from(`{"seq":${seq}}`)
  return { records: [{ seq, header, leaf: leafHash(header) }], payloads: [], nodes: [], changes: [] }
}

const written = async (options: MemoryJournalOptions) => {
  const memory = memoryJournal(options)
  const lease = await memory.journal.acquire('default', 'test')
  const error = await memory.journal.append(lease, 0, batch(0)).catch((thrown: unknown) => thrown)
  return { memory, lease, error, size: (await memory.journal.head('default')).size }
}

describe('memoryJournal', () => {
  it('fails before and after the append, as asked', async () => {
    const before = await written({ onAppend: () => 'fail-before' })
    expect([hasCode(before.error, 'UNAVAILABLE'), before.size]).toEqual([true, 0])
    const after = await written({ onAppend: () => 'fail-after' })
    expect([hasCode(after.error, 'UNAVAILABLE'), after.size]).toEqual([true, 1])
  })

  it('takes only urgent batches while the disk is full', async () => {
    const { memory, lease, error, size } = await written({ full: () => true })
    expect([hasCode(error, 'LIMIT_EXCEEDED'), size]).toEqual([true, 0])
    await memory.journal.append(lease, 0, batch(0), { urgent: true })
    expect((await memory.journal.head('default')).size).toBe(1)
  })

  it('keeps what was stored over a crash, frees the lease, and kills the old handle', async () => {
    const { memory, lease } = await written({})
    const next = memory.reopen()
    await expect(memory.journal.head('default')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(next.journal.append(lease, 1, batch(1))).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await next.journal.head('default')).size).toBe(1)
    expect((await next.journal.acquire('default', 'next')).epoch).toBe(lease.epoch + 1)
  })

  it('tells a deposed holder', async () => {
    const { memory, lease } = await written({})
    memory.depose('default')
    expect(hasCode(lease.lost.reason, 'CONFLICT')).toBe(true)
    await expect(memory.journal.append(lease, 1, batch(1))).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('does its work before it returns', () => {
    const frontier = emptyFrontier()
    const memory = memoryJournal()
    const seen: string[] = []
    void memory.journal.acquire('default', 'test').then((lease) => {
      void memory.journal.append(lease, frontier.size, batch(0))
      void memory.journal.head('default').then(({ size }) => seen.push(`size ${size}`))
    })
    return new Promise((resolve) => setImmediate(resolve)).then(() => expect(seen).toEqual(['size 1']))
  })
})
