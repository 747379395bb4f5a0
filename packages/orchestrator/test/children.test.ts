import type { ItemSpec, Journal } from '@seamark/core'
import { jcsText } from '@seamark/log'
import { memoryJournal } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { recover } from '../src/recover.ts'
import { saveState } from '../src/snapshot.ts'
import { child, families, MAY, parent, verified } from './families.ts'
import { engineWith, item, LOCAL, records, submission } from './harness.ts'
import { FAILED, kinds, only, SUCCEEDED, until } from './records.ts'
import { call, used } from './spending.ts'

describe('an attempt that adds items', () => {
  it('has them done after one another, and sees what they made', async () => {
    const { engine, options, childrenOf, leave } = await families(({ item: spec }) =>
      spec?.id === 'p' ? 'hold' : SUCCEEDED,
    )
    await engine.submit(LOCAL, submission('r1', [parent()]))
    const children = await childrenOf('p')
    const items = [child('a'), child('b', { needs: [{ from: 0 }] })]
    expect(await children.add(items)).toEqual({ created: true })
    await until(() => engine.stats().running === 1 && engine.stats().waiting === 0)
    const list = await children.list()
    expect(list.map(({ id, status }) => [id, status])).toEqual([
      ['p-1-a', 'succeeded'],
      ['p-1-b', 'succeeded'],
    ])
    expect(list[1]?.product?.stdout).toBeDefined()
    leave('p')
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    const { rows } = await options.projections.query('default', 'runs', { run: 'r1' })
    expect(rows).toMatchObject([{ items: 3, settled: { succeeded: 3 } }])
    await engine.stop()
    const log = await records(options)
    const added = only(log, 'items.added')
    expect(added.map(({ item: of, attempt, onBehalfOf, data }) => [of, attempt, onBehalfOf, data.items])).toEqual([
      [undefined, undefined, undefined, [[0, 'p', []]]],
      ['p', 1, LOCAL.id, [[1, 'p-1-a', []], [2, 'p-1-b', [1]]]], // prettier-ignore
    ])
    expect(verified(log, 'r1')).toEqual({ illegal: [], outcome: 'succeeded', items: 3 })
  })

  it('lends them its slot, to one at a time, where there is no other', async () => {
    const family = await families(() => 'hold', { queues: { default: { concurrency: 1 } } })
    const { engine, childrenOf, leave, isRunning, hands } = family
    await engine.submit(LOCAL, submission('r1', [parent(), item('other')]))
    await (await childrenOf('p')).add([child('a'), child('b')])
    for (const id of ['p-1-a', 'p-1-b']) {
      await until(() => isRunning(id))
      expect(hands.running()).toHaveLength(2)
      leave(id)
    }
    leave('p')
    await until(() => isRunning('other'))
    leave('other')
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
  })

  it('adds the same once, and nothing where an id is taken or the attempt is over', async () => {
    const { engine, options, childrenOf, leave } = await families()
    await engine.submit(LOCAL, submission('r1', [parent(), item('other')]))
    const children = await childrenOf('p')
    const items = [child('a'), child('b', { needs: [{ from: 0 }], input: { z: 1, a: 2 } })]
    expect(await children.add(items)).toEqual({ created: true })
    expect(await children.add(structuredClone(items))).toEqual({ created: false })
    for (const others of [[child('a')], [child('a'), child('c')], [item('other')]])
      await expect(children.add([...others, child('d')])).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(children.add([child('a', { run: 'other' }), child('b')])).rejects.toMatchObject({ code: 'CONFLICT' })
    leave('p')
    await until(() => engine.stats().runs === 1 && engine.waiting('r1', 'p') === undefined)
    await expect.poll(() => children.list().catch((error: unknown) => error)).toMatchObject({ code: 'CONFLICT' })
    await expect(children.add([child('late')])).rejects.toMatchObject({ code: 'CONFLICT' })
    leave('other')
    await engine.sealed('r1')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'items.added')).toHaveLength(2)
    expect(only(log, 'command.voided').map(({ data }) => [data.command, data.reason])).toEqual([
      ['items.add', 'old-fence'],
    ])
  })

  it.each([
    ['LIMIT_EXCEEDED', Array.from({ length: 11 }, (_, at) => child(`c${at}`))],
    ['INVALID_INPUT', [child('a', { queue: 'wide' })]],
    ['INVALID_INPUT', [child('a', { priority: 1 })]],
    ['INVALID_INPUT', [child('a', { locks: [{ type: 'name', name: 'x' }] })]],
    ['INVALID_INPUT', [child('a', { children: MAY })]],
    ['INVALID_INPUT', [child('a', { agent: 'other' })]],
    ['INVALID_INPUT', [child('a', { timeoutMs: 60_001 })]],
    ['INVALID_INPUT', [child('a', { gates: [{ run: 'true', protect: [], timeoutMs: 60_001 }] })]],
    ['INVALID_INPUT', [child('a', { retries: { max: 2, minDelayMs: 1, maxDelayMs: 1 } })]],
    ['INVALID_INPUT', [child('a', { needs: [{ from: 1 }] }), child('b', { needs: [{ from: 0 }] })]],
    ['INVALID_INPUT', [child('a'), child('a')]],
    ['INVALID_INPUT', [child('a', { executor: 'none' })]],
    ['INVALID_INPUT', []],
  ])('is refused what is more than it may (%s)', async (code, items) => {
    const queues = { default: { concurrency: 1 }, wide: { concurrency: 9 } }
    const { engine, options, childrenOf } = await families(undefined, { queues })
    const retries = { max: 1, minDelayMs: 1, maxDelayMs: 1 }
    await engine.submit(LOCAL, submission('r1', [parent({ agent: 'mine', timeoutMs: 60_000, retries })]))
    const children = await childrenOf('p')
    await expect(children.add(items)).rejects.toMatchObject({ code })
    await engine.stop({ cancelRunning: true })
    expect(only(await records(options), 'items.added')).toHaveLength(1)
  })

  it('may have as much as its parent', async () => {
    const { engine, childrenOf } = await families()
    const same: Partial<ItemSpec> = { timeoutMs: 60_000, retries: { max: 1, minDelayMs: 1, maxDelayMs: 1 } }
    await engine.submit(LOCAL, submission('r1', [parent({ agent: 'mine', ...same })]))
    const gates = [{ run: 'true', protect: [], timeoutMs: 60_000 }]
    await expect((await childrenOf('p')).add([child('a', { agent: 'mine', gates, ...same })])).resolves.toEqual({ created: true }) // prettier-ignore
    await engine.stop({ cancelRunning: true })
  })

  it('is given no port where the plan says nothing of children', async () => {
    const { engine, childrenOf } = await families()
    await engine.submit(LOCAL, submission('r1', [item('p')]))
    await expect(childrenOf('p')).rejects.toThrow('may add no items')
    await engine.stop({ cancelRunning: true })
  })

  const parked = { outcome: 'parked', reason: 'rate-limit', resumeAt: 0 } as const
  it.each([
    ['parked and goes on', parked, 0, [2, 2, 2], [2, 1, 0]],
    ['tried again', FAILED, 1, [4, 4], [3, 3]],
    ['parked and tried again', parked, 1, [3, 2, 3], [3, 2, 1]],
  ] as const)('adds no more of them all together where it is %s', async (_, verdict, max, wanted, had) => {
    const over = new Set<string>()
    const { engine, hands, childrenOf } = await families(({ launchId }) => (over.has(launchId) ? verdict : 'hold'))
    const retries = { max, minDelayMs: 1, maxDelayMs: 1 }
    await engine.submit(LOCAL, submission('r1', [parent({ children: { ...MAY, max: 3 }, retries })]))
    const created: number[] = []
    for (const [at, count] of wanted.entries()) {
      const children = await childrenOf('p', at + 1)
      const each = Array.from({ length: count }, (_one, index) => children.add([item(`p-${at + 1}-${index}`)]))
      const answers = await Promise.allSettled(each)
      created.push(answers.filter(({ status }) => status === 'fulfilled').length)
      for (const answer of answers)
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'LIMIT_EXCEEDED' })
      const { launchId = '' } = [...hands.tasks.values()].findLast(({ item: spec }) => spec?.id === 'p') ?? {}
      over.add(launchId)
      hands.exit(launchId)
    }
    expect(created).toEqual(had)
    await engine.stop({ cancelRunning: true })
  })

  it('counts what its children add, and knows their generations', async () => {
    const { engine, childrenOf } = await families()
    await engine.submit(LOCAL, submission('r1', [parent({ children: { max: 3, depth: 2, end: 'cancel' } })]))
    const mine = await childrenOf('p')
    await mine.add([child('a', { children: { max: 3, depth: 1, end: 'cancel' } })])
    const ofChild = await childrenOf('p-1-a')
    const grandchild = (id: string, more: Partial<ItemSpec> = {}) => item(`p-1-a-1-${id}`, more)
    await expect(ofChild.add(['x', 'y', 'z'].map((id) => grandchild(id)))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    await expect(ofChild.add([grandchild('x', { children: MAY })])).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await ofChild.add([grandchild('x'), grandchild('y')])
    await expect(mine.add([child('b')])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(await mine.list()).toHaveLength(1)
    await engine.stop({ cancelRunning: true })
  })
})

describe('children whose parent is over', () => {
  const ends = async (end: 'cancel' | 'finish', verdict: typeof SUCCEEDED | typeof FAILED, retries = 0) => {
    let held = true
    const family = await families(
      ({ item: spec }) => (spec?.id !== 'p' ? (held ? 'hold' : SUCCEEDED) : held ? 'hold' : verdict),
      { queues: { default: { concurrency: 2 } } },
    )
    const { engine, options, childrenOf, leave, isRunning } = family
    const again = { max: retries, minDelayMs: 1, maxDelayMs: 1 }
    await engine.submit(LOCAL, submission('r1', [parent({ children: { ...MAY, end }, retries: again })]))
    await (await childrenOf('p')).add([child('runs'), child('waits', { needs: [{ from: 0 }] }), child('queued')])
    await until(() => isRunning('p-1-runs'))
    held = false
    leave('p')
    await until(() => !isRunning('p'))
    if (end === 'finish' && verdict === SUCCEEDED) leave('p-1-runs')
    const outcome = await engine.sealed('r1')
    const { rows } = await options.projections.query('default', 'items', { run: 'r1' })
    await engine.stop()
    const log = await records(options)
    expect(verified(log, 'r1')).toMatchObject({ illegal: [], outcome })
    return { outcome, log, rows: rows.map(({ item: id, status, reason }) => `${id} ${status} ${reason}`) }
  }
  const canceled = ['runs', 'waits', 'queued'].map((id) => `p-1-${id} canceled parent`)

  it('are cancelled, and their parent has succeeded', async () => {
    const { outcome, rows } = await ends('cancel', SUCCEEDED)
    expect([outcome, ...rows]).toEqual(['succeeded', 'p succeeded completed', ...canceled])
  })

  it('go on where the plan says so and it succeeded', async () => {
    const { outcome, rows } = await ends('finish', SUCCEEDED)
    expect(outcome).toBe('succeeded')
    expect(rows.every((row) => row.includes(' succeeded '))).toBe(true)
  })

  it.each(['cancel', 'finish'] as const)('are cancelled where it failed (%s)', async (end) => {
    const { outcome, rows } = await ends(end, FAILED)
    expect([outcome, ...rows]).toEqual(['failed', 'p failed exit-code', ...canceled])
  })

  it('are those of one attempt: the next one begins without them', async () => {
    const { rows, log } = await ends('finish', FAILED, 1)
    expect(rows).toEqual(['p failed exit-code', ...canceled])
    const ended = only(log, 'attempt.ended').find(({ item: id }) => id === 'p')
    const again = only(log, 'item.launched').find(({ item: id, attempt }) => id === 'p' && attempt === 2)
    const asked = only(log, 'cancel.requested')
    expect(asked.map(({ item: id, data }) => [id, data.reason])).toEqual([['p-1-runs', 'parent']])
    expect(asked[0]?.seq).toBeGreaterThan(ended?.seq ?? Infinity)
    expect(asked[0]?.seq).toBeLessThan(again?.seq ?? 0)
  })

  it('are cancelled with it, generations down', async () => {
    const { engine, options, childrenOf, isRunning } = await families()
    await engine.submit(LOCAL, submission('r1', [parent({ children: { max: 5, depth: 2, end: 'finish' } })]))
    await (await childrenOf('p')).add([child('a', { children: { max: 2, depth: 1, end: 'finish' } })])
    await (await childrenOf('p-1-a')).add([item('p-1-a-1-x'), item('p-1-a-1-y', { needs: [{ from: 0 }] })])
    await until(() => isRunning('p-1-a-1-x'))
    await engine.cancel(LOCAL, 'r1', 'p')
    await expect(engine.sealed('r1')).resolves.toBe('failed')
    await engine.stop()
    const log = await records(options)
    expect(verified(log, 'r1').illegal).toEqual([])
    expect(kinds(log, 'r1').filter((kind) => kind.startsWith('cancel'))).toHaveLength(3)
  })
})

describe('a budget', () => {
  it('of a parent is spent by its children too', async () => {
    const { engine, options, ports, childrenOf } = await families()
    await engine.submit(LOCAL, submission('r1', [parent({ budget: { nanoUsd: 100 } })]))
    await (await childrenOf('p')).add([child('a', { budget: { nanoUsd: 1_000 } })])
    await until(() => ports.has('p-1-a 1'))
    const usage = ports.get('p-1-a 1')?.usage
    expect(await usage?.reserve(call('c1', { tokens: 1, nanoUsd: 60 }))).toEqual({ ok: true })
    await usage?.settle('c1', used(60))
    expect(await usage?.reserve(call('c2', { tokens: 1, nanoUsd: 60 }))).toMatchObject({
      ok: false,
      account: 'item:r1/p',
      room: 40,
    })
    expect(engine.budgets('r1').map(({ account, settled }) => [account, settled.nanoUsd])).toEqual([
      ['item:r1/p', 60],
      ['item:r1/p-1-a', 60],
    ])
    await engine.stop({ cancelRunning: true })
    expect(verified(await records(options), 'r1').illegal).toEqual([])
  })
})

describe('a full disk', () => {
  it('takes no children, so that what runs can still be settled', async () => {
    let full = false
    const journal = memoryJournal({ full: () => full })
    const { engine, options, childrenOf, leave } = await families(undefined, journal)
    await engine.submit(LOCAL, submission('r1', [parent(), item('other')]))
    const children = await childrenOf('p')
    full = true
    // The first is refused by the journal, with an end beside it; the next one is not tried.
    leave('other')
    for (const id of ['a', 'b'])
      await expect(children.add([child(id)])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    leave('p')
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(only(await records(options), 'items.added')).toHaveLength(1)
  })
})

describe('recovery', () => {
  it('from any record on gives the same state, with children or without', async () => {
    const { engine, options, childrenOf, leave, isRunning } = await families(undefined, {
      queues: { default: { concurrency: 1 } },
    })
    await engine.submit(LOCAL, submission('r1', [parent({ children: { ...MAY, end: 'finish' } })]))
    await (await childrenOf('p')).add([child('a'), child('b'), child('c', { needs: [{ from: 1 }] })])
    await until(() => isRunning('p-1-a'))
    leave('p-1-a')
    await until(() => isRunning('p-1-b'))
    await engine.stop()
    const { journal } = options
    const whole = told(await recover('default', { ...journal, loadState: async () => undefined }))
    for (let to = 0; to <= (await records(options)).length; to++) {
      const early: Journal = {
        ...journal,
        loadState: async () => undefined,
        read: (ns, from, more) => journal.read(ns, from, { ...more, to }),
      }
      const { state, chains } = await recover('default', early)
      // A snapshot is made between batches, never where an attempt has ended and its item is not settled.
      const items = [...state.runs.values()].flatMap((run) => run.items)
      if (items.some(({ phase, launch }) => phase === 'running' && launch === undefined)) continue
      const late: Journal = { ...journal, loadState: async () => saveState(state, chains) }
      expect(told(await recover('default', late))).toBe(whole)
    }
  })

  it('goes on with what waits for the slot of its parent', async () => {
    const queues = { default: { concurrency: 1 } }
    const { engine, options, childrenOf, isRunning, hands } = await families(undefined, { queues })
    await engine.submit(LOCAL, submission('r1', [parent()]))
    await (await childrenOf('p')).add([child('a'), child('b')])
    await until(() => isRunning('p-1-a'))
    await engine.stop()
    const next = await engineWith(hands, { ...options, worker: hands.worker })
    for (const id of ['p-1-a', 'p-1-b', 'p']) {
      const launch = () => [...hands.tasks.values()].findLast((task) => task.item?.id === id)?.launchId ?? ''
      await until(() => hands.running().includes(launch()))
      hands.exit(launch())
    }
    await expect(next.engine.sealed('r1')).resolves.toBe('succeeded')
    await next.engine.stop()
    expect(verified(await records(options), 'r1').illegal).toEqual([])
  })
})

/** A recovered state in one text, with what a snapshot leaves out of children. */
function told({ state }: Awaited<ReturnType<typeof recover>>): string {
  const { queues, lenders, runs, size } = state
  const running = [...queues].map(([name, queue]) => [name, queue.running])
  // Another entry leads to nothing.
  const lending = [...runs.values()].flatMap(({ id, items }) =>
    items.flatMap(({ phase, spec: { parent } }) =>
      phase === 'queued' && parent !== undefined ? [lenders.has(`${parent.item}@${id}`)] : [],
    ),
  )
  return jcsText(JSON.parse(JSON.stringify([size, [...runs.values()], running, lending])))
}
