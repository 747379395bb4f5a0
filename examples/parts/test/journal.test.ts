import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { journalOf, projectionsOf, projectionsSuite } from '@seamark/conformance/projections'
import type { JournalBatch } from '@seamark/core'
import { leafHash } from '@seamark/log'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { place } from '../../../apps/server/test/seamark.ts'
import { cappedJournal } from '../src/journal/capped-journal.ts'
import { freshStore } from '../src/journal/subject.ts'

const journals = journalOf(freshStore)
const projections = projectionsOf(freshStore)

for (const register of [registerSuite, registerSaboteurs]) {
  register(journalSuite, journals, { describe, it })
  register(projectionsSuite, projections, { describe, it })
}
registerSuite(underTraits(journalSuite, journals, ['detached', 'reopened']), journals, { describe, it })
registerSuite(underTraits(projectionsSuite, projections, ['detached', 'reopened']), projections, { describe, it })

const batch = (seq: number): JournalBatch => {
  const header = Buffer.from(`{"seq":${seq}}`)
  return { records: [{ seq, header, leaf: leafHash(header) }], payloads: [], nodes: [], changes: [] }
}

describe('a capped journal', () => {
  const here = place()
  afterAll(() => here.remove())

  it('takes only what is urgent once it is full, and says so only to who would append otherwise', async () => {
    const store = freshStore()
    const { journal } = cappedJournal({ store: store.current(), maxRecords: 2 })
    const lease = await journal.acquire('n', 'test')
    for (const seq of [0, 1]) await journal.append(lease, seq, batch(seq))
    await expect(journal.append(lease, 2, batch(2))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect((await journal.head('n')).size).toBe(2)
    await expect(journal.append(lease, 3, batch(3))).rejects.toMatchObject({ code: 'CONFLICT' })
    await journal.append(lease, 2, batch(2), { urgent: true })
    expect((await journal.head('n')).size).toBe(3)
    await lease.release()
    await store.dispose()
  })

  it('lets a service go on that has runs, and take no more', async () => {
    const from = (path: string) => JSON.stringify(join(import.meta.dirname, path))
    const config = (maxRecords: number) =>
      here.write(
        'seamark.config.mjs',
        `import { cappedJournal } from ${from('../src/journal/capped-journal.ts')}
import { sqliteJournal } from ${from('../../../packages/journal-sqlite/src/index.ts')}
const store = sqliteJournal({ dir: ${JSON.stringify(join(here.dir, 'journal'))} })
export default { journal: cappedJournal({ store, maxRecords: ${maxRecords} }) }
`,
      )
    const seamark = (...argv: string[]) => here.seamark(...argv, '--config', 'seamark.config.mjs')
    here.write('plan.yaml', 'version: 1\nitems: [{ id: a, run: echo hot, executor: process }]\n')
    config(1_000)
    expect(await seamark('run', 'plan.yaml', '--id', 'one')).toMatchObject({ code: 0 })
    config(5)
    const { code, err } = await seamark('run', 'plan.yaml', '--id', 'two', '--json')
    expect(JSON.parse(err.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'LIMIT_EXCEEDED' } })
    expect(code).not.toBe(0)
    expect(await seamark('logs', 'one', 'a')).toMatchObject({ code: 0, out: 'hot\n' })
  })
})
