import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditAnchor, Checkpoint, RecordDraft } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { emptyFrontier, placeRecords, recordEntry, toHex } from '@seamark/log'
import { memoryJournal } from '@seamark/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { refuseRollback } from '../src/rollback.ts'
import { anchorWith } from './anchor.ts'
import type { Ended } from './seamark.ts'
import { place } from './seamark.ts'

const ns = 'default'
const origin = `seamark.invalid/${'5e'.repeat(16)}`
const opened: RecordDraft = { kind: 'log.opened', actor: 'engine', data: { origin } }
const later: RecordDraft = { kind: 'checkpoint.committed', actor: 'engine', data: { size: 1, root: 'cd'.repeat(32) } }
const anchor = (name: string, latest: AuditAnchor['latest']) => anchorWith(name, { latest })

/** A journal of so many records, and its head at every size. */
async function journalOf(size: number) {
  const { journal } = memoryJournal()
  const lease = await journal.acquire(ns, 'test')
  const cursor = { ns, epoch: 1, lastAt: 0, frontier: emptyFrontier(), tails: new Map() }
  const heads: Checkpoint[] = []
  for (let seq = 0; seq < size; seq++) {
    const { records, payloads, nodes } = placeRecords(cursor, [seq === 0 ? opened : later], seq)
    await journal.append(lease, seq, { records: records.map(recordEntry), payloads, nodes, changes: [] })
    heads.push({ origin, size: seq + 1, root: toHex(cursor.frontier.root()), note: '' })
  }
  const at = (of: number): Checkpoint => heads[of - 1] ?? expect.fail(`no head of ${of}`)
  return { journal, at }
}

describe('a journal', () => {
  const has = (head: Checkpoint | undefined) => anchor('x', async () => head)
  const silent = () => expect.unreachable()

  it('that has all that its anchors have is the same log, whatever the size of their heads', async () => {
    const { journal, at } = await journalOf(40)
    for (const size of [1, 15, 16, 17, 39, 40])
      await refuseRollback({ ns, journal, anchors: [has(at(size)), has(undefined)] }, silent)
  })

  it('that is shorter, or another, is refused at the place of the anchor that tells', async () => {
    const { journal, at } = await journalOf(40)
    const longer = (await journalOf(41)).at(41)
    for (const head of [longer, { ...at(40), root: 'f'.repeat(64) }, { ...at(17), root: at(18).root }])
      await expect(refuseRollback({ ns, journal, anchors: [has(at(40)), has(head)] }, silent)).rejects.toMatchObject({
        code: 'INTEGRITY',
        problems: [{ code: 'INTEGRITY', place: { pointer: '/anchors/1' }, remedy: expect.any(String) }],
      })
  })

  it('is asked for under its own name, and not before it is a log', async () => {
    const { journal } = await journalOf(1)
    const asked: string[] = []
    const anchors = [anchor('x', async (of) => void asked.push(of))]
    await refuseRollback({ ns, journal: memoryJournal().journal, anchors }, silent)
    expect(asked).toEqual([])
    await refuseRollback({ ns, journal, anchors }, silent)
    expect(asked).toEqual([origin])
  })

  it('starts without an anchor that is away, which is told, and still hears the others', async () => {
    const { journal, at } = await journalOf(3)
    const away = anchor('away', () => Promise.reject(new SeamError('UNAVAILABLE', 'no answer')))
    const notices: Error[] = []
    const tell = (error: Error) => void notices.push(error)
    await refuseRollback({ ns, journal, anchors: [away, has(at(2))] }, tell)
    expect(notices).toMatchObject([{ code: 'UNAVAILABLE' }])
    await expect(
      refuseRollback({ ns, journal, anchors: [away, has({ ...at(3), size: 4 })] }, tell),
    ).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('is not started where an anchor says that it was tampered with itself', async () => {
    const { journal } = await journalOf(3)
    const broken = anchor('x', () =>
      Promise.reject(new SeamError('INTEGRITY', 'not what was left', { remedy: 'Look.' })),
    )
    await expect(refuseRollback({ ns, journal, anchors: [broken] }, silent)).rejects.toMatchObject({
      code: 'INTEGRITY',
      problems: [{ place: { pointer: '/anchors/0' }, remedy: 'Look.' }],
    })
  })
})

describe('a folder with an anchor', () => {
  const source = JSON.stringify(join(import.meta.dirname, '../../../packages/anchor-file/src/index.ts'))
  const text = ({ code, out, err }: Ended): string => (code === 0 ? out : expect.fail(`${code}: ${out}${err}`))

  it('refuses a restored backup, and goes on with the newest journal', { timeout: 90_000 }, async () => {
    const here = place()
    onTestFinished(() => here.remove())
    const [backup, newest] = [join(here.dir, 'backup'), join(here.dir, 'newest')]
    here.write('plan.yaml', 'version: 1\nitems: [{ id: a, run: "true", executor: process }]\n')
    here.write(
      'anchored.config.ts',
      `import { fileAnchor } from ${source}
export default { anchors: [fileAnchor({ dir: import.meta.dirname + '/anchored' })] }`,
    )
    const run = (id: string) => here.seamark('run', 'plan.yaml', '--id', id, '--config', 'anchored.config.ts', '--json')
    const put = (from: string, to: string) => {
      rmSync(to, { recursive: true, force: true })
      cpSync(from, to, { recursive: true })
    }
    const anchored = () => readdirSync(join(here.dir, 'anchored'), { recursive: true, encoding: 'utf8' }).toSorted()
    text(await run('r1'))
    put(here.data, backup)
    // Goes on where it ended.
    text(await run('r2'))
    put(here.data, newest)
    const before = anchored()

    put(backup, here.data)
    for (const start of [['run', 'plan.yaml', '--id', 'r3'], ['serve']]) {
      const { code, err } = await here.seamark(...start, '--config', 'anchored.config.ts', '--json')
      expect(code).toBe(10)
      expect(JSON.parse(err.trim().split('\n').at(-1) ?? '').error).toMatchObject({
        code: 'INTEGRITY',
        problems: [{ place: { pointer: '/anchors/0' }, remedy: expect.any(String) }],
      })
    }
    expect(anchored()).toEqual(before)

    put(newest, here.data)
    text(await run('r4'))
  })
})
