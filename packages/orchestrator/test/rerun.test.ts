import { array, assert, asyncProperty, boolean, nat, option, record as shape } from 'fast-check'
import type { AnyRecord, ItemSpec, StoredRecord } from '@seamark/core'
import { leafHash, toHex } from '@seamark/log'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../src/index.ts'
import type { CheckRerun, EngineOptions } from '../src/index.ts'
import { ENGINE_LIMITS } from '../src/limits.ts'
import { takenOf } from '../src/read-earlier.ts'
import { engineWith, fakeHands, item, LOCAL, product, records, submission } from './harness.ts'
import { FAILED, kinds, only, SUCCEEDED, until } from './records.ts'

const asItIs: CheckRerun = async ({ taken }) => ({ taken })
const needs = (...from: number[]) => ({ needs: from.map((index) => ({ from: index })) })

/** Runs in which `b` fails until it is mended, and `c` needs it. */
async function broken() {
  let mended = false
  const hands = fakeHands(({ item: spec }) => (spec?.id === 'b' && !mended ? FAILED : SUCCEEDED))
  const { engine, options } = await engineWith(hands)
  const gated = { gates: [{ run: 'true', protect: [], timeoutMs: 1_000 }] }
  await engine.submit(LOCAL, submission('r1', [item('a', gated), item('b', needs(0)), item('c', needs(1)), item('d')]))
  await engine.sealed('r1')
  return { engine, options, hands, mend: () => (mended = true) }
}

async function logOf(options: EngineOptions, run: string): Promise<AnyRecord[]> {
  return (await records(options)).filter((record) => record.run === run)
}

describe('rerun', () => {
  it('runs what did not succeed, and has the results of the rest, with the record that each came from', async () => {
    const { engine, options, mend } = await broken()
    mend()
    const request = { run: 'r2', of: 'r1', take: 'succeeded' } as const
    await expect(engine.rerun(LOCAL, request, asItIs)).resolves.toEqual({ run: 'r2', created: true })
    await expect(engine.sealed('r2')).resolves.toBe('succeeded')
    const second = await logOf(options, 'r2')
    expect(only(second, 'run.submitted')[0]?.data).toMatchObject({ plan: only(await logOf(options, 'r1'), 'run.submitted')[0]?.data.plan, rerun: { of: 'r1', take: 'succeeded' } }) // prettier-ignore
    expect(only(second, 'item.launched').map((record) => record.item)).toEqual(['b', 'c'])
    const taken = only(second, 'item.taken')
    expect(taken.map((record) => record.item)).toEqual(['a', 'd'])
    for (const { item: id, data } of taken) {
      let source: StoredRecord | undefined
      for await (const found of options.journal.read('default', data.seq, { to: data.seq + 1 })) source = found
      expect(toHex(leafHash(source?.header ?? new Uint8Array()))).toBe(data.leaf)
      expect(JSON.parse(Buffer.from(source?.header ?? []).toString())).toMatchObject({ run: 'r1', item: id, kind: id === 'a' ? 'item.captured' : 'attempt.ended', data: { product: data.product } }) // prettier-ignore
    }
    const { rows } = await options.projections.query('default', 'items', { run: 'r2', item: 'a' })
    expect(rows[0]).toMatchObject({ status: 'succeeded', reason: 'taken', attempt: 0 })
    expect(rows[0]).not.toHaveProperty('startedAt')
    await engine.stop()
  })

  it('is the same run under the same id, also later, and refuses to be another', async () => {
    const { engine, options } = await broken()
    const request = { run: 'r2', of: 'r1', from: 'b' } as const
    const both = await Promise.all([engine.rerun(LOCAL, request, asItIs), engine.rerun(LOCAL, request, asItIs)])
    expect(both.filter(({ created }) => created)).toHaveLength(1)
    await engine.sealed('r2')
    const never: CheckRerun = () => Promise.reject(new Error('asked again'))
    await expect(engine.rerun(LOCAL, request, never)).resolves.toEqual({ run: 'r2', created: false })
    for (const other of [
      { run: 'r2', of: 'r1' },
      { run: 'r1', of: 'r2' },
      { ...request, from: 'c' },
    ])
      await expect(engine.rerun(LOCAL, other, asItIs)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.submit(LOCAL, submission('r2', [item('a')]))).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(only(await logOf(options, 'r2'), 'run.submitted')).toHaveLength(1)
    await engine.stop()
  })

  it('takes on from a run that took itself, and is recovered as it was', async () => {
    const { engine, options, mend } = await broken()
    await engine.rerun(LOCAL, { run: 'r2', of: 'r1', take: 'succeeded' }, asItIs)
    await engine.sealed('r2')
    mend()
    await engine.pause(LOCAL)
    await engine.rerun(LOCAL, { run: 'r3', of: 'r2', take: 'succeeded' }, asItIs)
    await engine.stop()
    const next = createEngine(options)
    await next.start()
    await next.unpause(LOCAL)
    await expect(next.sealed('r3')).resolves.toBe('succeeded')
    const third = await logOf(options, 'r3')
    expect(kinds(third, 'r3').filter((kind) => /taken|launched/.test(kind))).toEqual([
      'item.taken a',
      'item.taken d',
      'item.launched b',
      'item.launched c',
    ])
    const second = only(await logOf(options, 'r2'), 'item.taken')
    expect(only(third, 'item.taken').map(({ data }) => data.seq)).toEqual(second.map(({ seq }) => seq))
    await next.stop()
  })

  it('refuses a run that is not over, that is not there, and one of which nothing is left to run', async () => {
    const hands = fakeHands(({ run }) => (run === 'long' ? 'hold' : SUCCEEDED))
    const { engine, options } = await engineWith(hands)
    await engine.submit(LOCAL, submission('long', [item('a')]))
    await engine.submit(LOCAL, submission('done', [item('a')]))
    await engine.sealed('done')
    await until(() => hands.running().length === 1)
    const again = (of: string, more = {}) => engine.rerun(LOCAL, { run: 'new', of, ...more }, asItIs)
    await expect(again('long')).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(again('none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(again('../x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(again('done', { from: 'b' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(again('done', { take: 'succeeded' })).rejects.toMatchObject({ code: 'CONFLICT' })
    const size = (await options.journal.head('default')).size
    const gone: CheckRerun = () => Promise.reject(new Error('gone'))
    await expect(engine.rerun(LOCAL, { run: 'new', of: 'done' }, gone)).rejects.toThrow('gone')
    expect((await options.journal.head('default')).size).toBe(size)
    await expect(again('done')).resolves.toMatchObject({ created: true })
    for (const id of hands.running()) hands.exit(id)
    await engine.stop()
  })

  it('takes up to a number of results, and refuses more', () => {
    const items = Array.from({ length: ENGINE_LIMITS.takenItems + 1 }, (_, at) => item(`i${at}`))
    const data = { run: 'r1', seq: 1, leaf: '0'.repeat(64), product: product() }
    const results = new Map(items.map(({ id }) => [id, { item: id, data }]))
    const earlier = { spec: submission('r1', []).spec, items, results }
    const take = { of: 'r1', take: 'succeeded' } as const
    expect(() => takenOf(earlier, take)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    expect(takenOf(earlier, { ...take, from: 'i0' })).toHaveLength(ENGINE_LIMITS.takenItems)
    expect(takenOf(earlier, { of: 'r1' })).toEqual([])
  })

  it('takes up to a number of bytes of results, counted as they are on record, and refuses more', () => {
    const { takenBytes } = ENGINE_LIMITS
    const blob = { sha256: '0'.repeat(64), size: 1 }
    const resultOf = (id: string, path: string) => {
      const made = { ...product(), outputs: [{ path, blob }] }
      return { item: id, data: { run: 'r1', seq: 1, leaf: '0'.repeat(64), product: made } }
    }
    const ids = Array.from({ length: 400 }, (_, at) => `i${at}`)
    const results = new Map(ids.map((id) => [id, resultOf(id, 'é'.repeat(20_000))]))
    const bytesOf = (given: typeof results) =>
      [...given.values()].reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one)), 0)
    const left = (more: number) => {
      const empty = new Map(results).set('i0', resultOf('i0', ''))
      return new Map(empty).set('i0', resultOf('i0', 'x'.repeat(takenBytes - bytesOf(empty) + more)))
    }
    const earlier = { spec: submission('r1', []).spec, items: ids.map((id) => item(id)) }
    const take = { of: 'r1', take: 'succeeded' } as const
    expect(takenOf({ ...earlier, results: left(0) }, take)).toHaveLength(ids.length)
    const more = { ...earlier, results: left(1) }
    expect(() => takenOf(more, take)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    expect(takenOf(more, { ...take, from: 'i0' })).toHaveLength(ids.length - 1)
    expect(takenOf(more, { of: 'r1' })).toEqual([])
  })

  it('asks for the right to read the one and to submit the other', async () => {
    const asked: unknown[] = []
    const { engine } = await engineWith(fakeHands(), {
      authorizer: {
        spec: 'authorizer/v1',
        kind: 'test',
        name: 'test',
        guarantees: {},
        async authorize({ action, resource }) {
          asked.push([action, resource.run])
          return { allowed: action !== 'run.submit' || resource.run !== 'no', reasons: [], policy: 'p' }
        },
      },
    })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.sealed('r1')
    asked.length = 0
    await expect(engine.rerun(LOCAL, { run: 'no', of: 'r1' }, asItIs)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(asked).toEqual([['run.read', 'r1'], ['run.submit', 'no']]) // prettier-ignore
    await engine.stop()
  })

  it('runs an item if and only if it did not succeed, or is the named one, or needs one that runs', async () => {
    const graph = array(shape({ fails: boolean(), needs: array(nat(20), { maxLength: 3 }) }), {
      minLength: 1,
      maxLength: 8,
    })
    await assert(
      asyncProperty(graph, option(nat(7), { nil: undefined }), async (drawn, at) => {
        const items = drawn.map(({ needs: of }, index): ItemSpec =>
          item(`i${index}`, needs(...(index === 0 ? [] : [...new Set(of.map((from) => from % index))]))),
        )
        const from = at === undefined ? undefined : items[at % items.length]?.id
        const hands = fakeHands(({ run, item: spec }) =>
          run === 'r1' && drawn[Number(spec?.id.slice(1))]?.fails === true ? FAILED : SUCCEEDED,
        )
        const { engine, options } = await engineWith(hands)
        await engine.submit(LOCAL, submission('r1', items))
        const first = await engine.sealed('r1')
        const rows = await options.projections.query('default', 'items', { run: 'r1' })
        const request = { run: 'r2', of: 'r1', take: 'succeeded', ...(from !== undefined && { from }) } as const
        if (first === 'succeeded' && from === undefined) {
          await expect(engine.rerun(LOCAL, request, asItIs)).rejects.toMatchObject({ code: 'CONFLICT' })
          return engine.stop()
        }
        await engine.rerun(LOCAL, request, asItIs)
        await expect(engine.sealed('r2')).resolves.toBe('succeeded')
        const runs = new Set<string>()
        for (const { id, needs: of } of items) {
          const unsuccessful = rows.rows.find((row) => row.item === id)?.status !== 'succeeded'
          if (unsuccessful || id === from || of.some((need) => runs.has(items[need.from]?.id ?? ''))) runs.add(id)
        }
        const second = await logOf(options, 'r2')
        expect(new Set(only(second, 'item.launched').map((record) => record.item))).toEqual(runs)
        expect(only(second, 'item.taken').map((record) => record.item)).toEqual(
          items.map(({ id }) => id).filter((id) => !runs.has(id)),
        )
        await engine.stop()
      }),
      { numRuns: 40 },
    )
  })
})
