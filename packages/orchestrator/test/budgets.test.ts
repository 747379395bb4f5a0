import type { UsageAnswer, UsagePort, Worker } from '@seamark/core'
import { memoryJournal } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { engineWith, fakeHands, item, LOCAL, product, records, submission } from './harness.ts'
import { FAILED, only, SUCCEEDED, until } from './records.ts'
import { budgeted, call, SNAPSHOT, spend, spending, tokenOf, used } from './spending.ts'

describe('a budget', () => {
  it('that is used up parks the item with its snapshot, which goes on from there once it is raised', async () => {
    const { engine, options, hands } = await spending(spend(60))
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 50 })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    const budget = { account: 'item:r1/a', of: 'nanoUsd', room: 50, wanted: 60 }
    expect(engine.waiting('r1', 'a')).toMatchObject({ for: 'parked', reason: 'budget', budget })
    // What the engine waits for it knows before its row is written.
    const rows = async () => (await options.projections.query('default', 'items', { run: 'r1' })).rows
    await expect.poll(rows).toMatchObject([{ parked: { reason: 'budget', budget } }])
    await engine.approve(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), { nanoUsd: 25 })
    expect(await engine.sealed('r1')).toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'usage.refused')).toMatchObject([
      {
        run: 'r1',
        item: 'a',
        attempt: 1,
        data: { code: 'LIMIT_EXCEEDED', account: 'item:r1/a', of: 'nanoUsd', wanted: 60, room: 50 },
      },
    ])
    expect(only(log, 'attempt.ended')).toMatchObject([
      { data: { outcome: 'parked', reason: 'budget', detail: 'item:r1/a' } },
      { data: { outcome: 'succeeded' } },
    ])
    expect(only(log, 'item.parked')).toMatchObject([{ data: { reason: 'budget', snapshot: SNAPSHOT, budget } }])
    expect(only(log, 'budget.set')).toMatchObject([{ actor: LOCAL.id, data: { on: 'item', limits: { nanoUsd: 75 } } }])
    expect([...hands.tasks.values()].map(({ resumeFrom }) => resumeFrom)).toEqual([undefined, SNAPSHOT])
  })

  it('of a run, a principal and a day holds over all that spend from it', async () => {
    for (const [more, budgets, account] of [
      [{ nanoUsd: 100 }, {}, 'run:r1'],
      [undefined, { principal: { nanoUsd: 100 } }, `principal:${LOCAL.id}`],
      [undefined, { day: { nanoUsd: 100 } }, expect.stringMatching(/^day:\d{4}-\d\d-\d\d$/)],
    ] as const) {
      const { engine, options } = await spending(spend(40), { budgets })
      const spec = { workspace: { type: 'empty' }, ...(more && { budget: more }) } as const
      await engine.submit(LOCAL, submission('r1', [item('a'), item('b'), item('c')], { spec }))
      await until(() => ['a', 'b', 'c'].some((id) => engine.waiting('r1', id)?.for === 'parked'))
      await engine.cancel(LOCAL, 'r1')
      await engine.sealed('r1')
      await engine.stop()
      const log = await records(options)
      const charged = only(log, 'usage.settled').reduce((sum, { data }) => sum + data.charged.nanoUsd, 0)
      expect(charged).toBe(80)
      expect(only(log, 'usage.refused')).toMatchObject([{ data: { account, of: 'nanoUsd', room: 20 } }])
      expect(only(log, 'budget.warned')).toMatchObject([{ data: { account, settled: 80, limit: 100 } }])
      const [parked] = only(log, 'item.parked')
      if ('day' in budgets) expect(new Date(parked?.data.resumeAt ?? 0).toISOString()).toMatch(/T00:00:00.000Z$/)
      else expect(parked?.data).not.toHaveProperty('resumeAt')
    }
  })

  it('is not overshot by an answer that used more than its bound, and the excess takes from what is left', async () => {
    const { engine, options } = await spending(async (usage) => {
      await usage.reserve(call('c1', { tokens: 1, nanoUsd: 50 }))
      await usage.settle('c1', used(130))
      return [await usage.reserve(call('c2', { tokens: 1, nanoUsd: 1 }))]
    })
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 100 })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'usage.settled')).toMatchObject([{ data: { charged: { nanoUsd: 100 }, excess: { nanoUsd: 30 } } }])
    expect(only(log, 'usage.refused')).toMatchObject([{ data: { room: 0 } }])
  })

  it('refuses what has no bound under it, and that does not wait for more', async () => {
    const { engine, options } = await spending(async (usage) => [await usage.reserve(call('c1', { tokens: 1 }))])
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 100 })]))
    expect(await engine.sealed('r1')).toBe('failed')
    await engine.stop()
    expect(only(await records(options), 'usage.refused')).toMatchObject([{ data: { code: 'UNSUPPORTED' } }])
  })

  it('of a day is not waited for with a call that no day has room for', async () => {
    for (const [wanted, waits] of [
      [90, true],
      [101, false],
    ] as const) {
      const calls = async (usage: UsagePort) => [
        await usage.reserve(call('c1', { nanoUsd: 20 })),
        await usage.reserve(call('c2', { nanoUsd: wanted })),
      ]
      const { engine, options } = await spending(calls, { budgets: { day: { nanoUsd: 100 } } })
      await engine.submit(LOCAL, submission('r1', [item('a')]))
      await until(() => engine.waiting('r1', 'a')?.for === 'parked')
      await engine.stop()
      const [parked] = only(await records(options), 'item.parked')
      expect(parked?.data).toMatchObject({ reason: 'budget', budget: { of: 'nanoUsd', wanted } })
      expect(parked?.data.resumeAt !== undefined, `${wanted}`).toBe(waits)
    }
  })

  it('is waited for where the program took its refusal for a limit of the provider, who had said nothing of one', async () => {
    const limited = { outcome: 'parked', reason: 'rate-limit' } as const
    for (const [limitedUntil, reason] of [
      [undefined, 'budget'],
      [Date.now() + 60_000, 'rate-limit'],
    ] as const) {
      const calls = async (usage: UsagePort) => {
        await usage.reserve(call('c1', { nanoUsd: 40 }))
        await usage.settle('c1', { ...used(40), ...(limitedUntil !== undefined && { limitedUntil }) })
        return [await usage.reserve(call('c2', { nanoUsd: 40 }))]
      }
      const { engine, options } = await spending(calls, {}, SUCCEEDED, limited)
      await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 50 })]))
      await until(() => engine.waiting('r1', 'a')?.for === 'parked')
      expect(engine.waiting('r1', 'a')).toMatchObject({ reason })
      await engine.stop()
      const log = await records(options)
      expect(only(log, 'attempt.ended')).toMatchObject([{ data: { outcome: 'parked', reason } }])
      expect(only(log, 'item.parked')).toMatchObject([{ data: { reason, snapshot: SNAPSHOT } }])
    }
  })

  it('that a gate used up parks the item too, with the snapshot of what it judged', async () => {
    let room = false
    const hands = fakeHands(({ step }) => (step === 'gate:0' && !room ? FAILED : SUCCEEDED))
    const worker: Worker = {
      ...hands.worker,
      async follow(task, executor, exit, options) {
        if (task.step === 'gate:0')
          room = (await options?.port?.usage?.reserve(call('g', { nanoUsd: 60 })))?.ok === true
        await hands.worker.follow(task, executor, exit)
      },
      async capture(task, executor, exit) {
        const report = await hands.worker.capture(task, executor, exit)
        return task.step === 'main' ? { ...report, product: { ...product(), snapshot: SNAPSHOT } } : report
      },
    }
    const { engine, options } = await engineWith(hands, { worker })
    const gates = [{ run: 'test', protect: [], timeoutMs: 1_000 }]
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 50 }, { gates })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    expect(engine.waiting('r1', 'a')).toMatchObject({ for: 'parked', reason: 'budget' })
    await engine.approve(LOCAL, 'r1', 'a', tokenOf(engine, 'a'), { nanoUsd: 25 })
    expect(await engine.sealed('r1')).toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'gate.ended').map(({ data }) => data.passed)).toEqual([false, true])
    expect(only(log, 'attempt.ended')).toMatchObject([
      { data: { outcome: 'parked', reason: 'budget', detail: 'item:r1/a' } },
      { data: { outcome: 'succeeded' } },
    ])
    expect(only(log, 'item.parked')).toMatchObject([{ data: { reason: 'budget', snapshot: SNAPSHOT } }])
    const mains = [...hands.tasks.values()].filter(({ step }) => step === 'main')
    expect(mains.map(({ resumeFrom }) => resumeFrom)).toEqual([undefined, SNAPSHOT])
  })

  it('says a refusal once, however often the program asks', async () => {
    const { engine, options } = await spending(async (usage) => {
      const answers = []
      for (let n = 0; n < 20; n++) answers.push(await usage.reserve(call(`c${n}`, { tokens: 1, nanoUsd: 200 })))
      return answers
    })
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 100 })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    await engine.stop()
    expect(only(await records(options), 'usage.refused')).toHaveLength(1)
  })

  const unbounded = { tokens: 1 }
  const dear = { tokens: 1, nanoUsd: 200 }
  const long = { tokens: 20, nanoUsd: 1 }
  const small = { tokens: 1, nanoUsd: 1 }
  it.each([
    ['without a bound', [unbounded], ['UNSUPPORTED']],
    ['without a bound, between calls with room,', [unbounded, small], ['UNSUPPORTED']],
    ['without a bound and without room in turn', [unbounded, dear], ['UNSUPPORTED', 'LIMIT_EXCEEDED']],
    ['without room in two accounts in turn', [dear, long], ['LIMIT_EXCEEDED', 'LIMIT_EXCEEDED']],
  ] as const)('says refusals %s once each', async (_, kinds, codes) => {
    const { engine, options } = await spending(async (usage) => {
      const answers = []
      for (let n = 0; n < 20; n++) answers.push(await usage.reserve(call(`c${n}`, kinds[n % kinds.length] ?? {})))
      return answers
    })
    const spec = { workspace: { type: 'empty' }, budget: { tokens: 10 } } as const
    let over = false
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 100 })], { spec }))
    engine.sealed('r1').then(
      () => (over = true),
      () => undefined,
    )
    await until(() => over || engine.waiting('r1', 'a')?.for === 'parked')
    await engine.stop()
    expect(only(await records(options), 'usage.refused').map(({ data }) => data.code)).toEqual(codes)
  })
})

describe('a budget of an agent or a team', () => {
  const MEMBER = { ...LOCAL, teams: ['web', 'data', 'web'] }

  it.each([
    ['agent:writer', { agents: { writer: { nanoUsd: 100 }, other: { nanoUsd: 1 } } }],
    ['team:data', { teams: { data: { nanoUsd: 100 }, web: { nanoUsd: 1_000 }, other: { nanoUsd: 1 } } }],
  ] as const)('%s holds over all runs that spend from it, and warns', async (account, budgets) => {
    const { engine, options } = await spending(spend(40), { budgets })
    for (const run of ['r1', 'r2', 'r3']) await engine.submit(MEMBER, submission(run, [item('a', { agent: 'writer' })]))
    const starved = () => ['r1', 'r2', 'r3'].find((run) => engine.waiting(run, 'a')?.for === 'parked')
    const standingNow = () => engine.budgets().find((one) => one.account === account)
    await until(() => starved() !== undefined && standingNow()?.settled.nanoUsd === 80)
    expect(engine.waiting(starved() ?? '', 'a')).toMatchObject({ budget: { account, room: 20, wanted: 40 } })
    const standing = { limits: { nanoUsd: 100 }, warned: ['nanoUsd'] }
    expect(engine.budgets(starved()).map((one) => one.account)).toContain(account)
    expect(standingNow()).toMatchObject(standing)
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'run.submitted').map(({ data }) => data.teams)).toEqual(Array(3).fill(['data', 'web']))
    expect(only(log, 'usage.reserved').map(({ data }) => data.accounts.slice(2, -1))).toEqual(
      Array(2).fill(['agent:writer', `principal:${LOCAL.id}`, 'team:data', 'team:web']),
    )
    expect(only(log, 'item.parked')).toMatchObject([{ data: { budget: { account } } }])
    expect(only(log, 'item.parked')[0]?.data).not.toHaveProperty('resumeAt')
    expect(only(log, 'budget.warned')).toMatchObject([{ data: { account, settled: 80, limit: 100 } }])
  })

  it('does not count what is of no agent and of who is in no team', async () => {
    const budgets = { agents: { writer: { nanoUsd: 1 } }, teams: { web: { nanoUsd: 1 } } }
    const { engine, options } = await spending(spend(40), { budgets })
    await engine.submit(LOCAL, submission('r1', [item('a'), item('b', { agent: 'reader' })]))
    expect(await engine.sealed('r1')).toBe('succeeded')
    expect(engine.budgets().map(({ account, settled }) => [account, settled.nanoUsd])).toEqual([
      ['agent:writer', 0],
      ['team:web', 0],
    ])
    await engine.stop()
    expect(only(await records(options), 'run.submitted')[0]?.data).not.toHaveProperty('teams')
  })

  it('is that of the teams at the moment of submit, whatever is said later', async () => {
    const journal = memoryJournal()
    const budgets = { teams: { data: { nanoUsd: 50 }, web: { nanoUsd: 50 }, late: { nanoUsd: 1 } } }
    const first = await spending(spend(60), { ...journal, budgets })
    await first.engine.submit(MEMBER, submission('r1', [item('a')]))
    await first.engine.submit({ ...LOCAL, teams: ['late'] }, submission('r1', [item('a')]))
    await until(() => first.engine.waiting('r1', 'a')?.for === 'parked')
    await first.engine.stop()
    // One of the two is raised, and the other has no limit any more.
    const second = await spending(spend(60), { ...journal, budgets: { teams: { web: { nanoUsd: 70 } } } })
    expect(await second.engine.sealed('r1')).toBe('succeeded')
    expect(second.engine.budgets()).toMatchObject([{ account: 'team:web', settled: { nanoUsd: 60 } }])
    await second.engine.stop()
    const log = await records(second.options)
    expect(only(log, 'item.resumed')).toHaveLength(1)
    expect(only(log, 'budget.set').map(({ data }) => data)).toEqual([
      { on: 'team', name: 'data', limits: { nanoUsd: 50 } },
      { on: 'team', name: 'late', limits: { nanoUsd: 1 } },
      { on: 'team', name: 'web', limits: { nanoUsd: 50 } },
      { on: 'team', name: 'data', limits: {} },
      { on: 'team', name: 'late', limits: {} },
      { on: 'team', name: 'web', limits: { nanoUsd: 70 } },
    ])
  })

  it('that is the same at the next start is no record, and nobody is resumed', async () => {
    const journal = memoryJournal()
    // Names that every object has.
    const budgets = { agents: { constructor: { nanoUsd: 50 } }, teams: { valueOf: { tokens: 5 } } }
    for (const starts of [1, 2]) {
      const { engine, options } = await spending(spend(60), { ...journal, budgets })
      await engine.submit(LOCAL, submission('r1', [item('a', { agent: 'constructor' })]))
      await until(() => engine.waiting('r1', 'a')?.for === 'parked')
      await engine.stop()
      const log = await records(options)
      expect(only(log, 'engine.started')).toHaveLength(starts)
      expect(only(log, 'budget.set')).toHaveLength(2)
      expect(only(log, 'item.resumed')).toEqual([])
    }
  })

  it.each([
    ['too many teams', Array.from({ length: 17 }, (_, n) => `t${n}`), 'LIMIT_EXCEEDED'],
    ['a team without a name', [''], 'UNAUTHENTICATED'],
    ['half of a surrogate pair', ['\ud800'], 'UNAUTHENTICATED'],
    ['a name that is too long', ['x'.repeat(201)], 'UNAUTHENTICATED'],
  ])('refuses a submission of a principal with %s', async (_, teams, code) => {
    const { engine, options } = await spending(spend(1))
    await expect(engine.submit({ ...LOCAL, teams }, submission('r1', [item('a')]))).rejects.toMatchObject({ code })
    await engine.stop()
    expect(only(await records(options), 'run.submitted')).toEqual([])
  })

  it('is not raised by an approval, which lets the item try again', async () => {
    const { engine, options } = await spending(spend(60), { budgets: { agents: { writer: { nanoUsd: 50 } } } })
    await engine.submit(LOCAL, submission('r1', [item('a', { agent: 'writer' })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    const token = tokenOf(engine, 'a')
    await expect(engine.approve(LOCAL, 'r1', 'a', token, { nanoUsd: 99 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await engine.approve(LOCAL, 'r1', 'a', token)
    await until(() => !['', token].includes(tokenOf(engine, 'a')))
    await engine.stop()
    expect(only(await records(options), 'budget.set')).toHaveLength(1)
  })
})

describe('a reservation', () => {
  it('that is open at the end of its attempt is charged; what comes after is void or refused', async () => {
    const { engine, options, ports } = await spending(async (usage) => [await usage.reserve(call('c1'))])
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.sealed('r1')
    const usage = [...ports.values()][0]?.usage
    await usage?.settle('c1', used(1))
    await expect(usage?.reserve(call('c2'))).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'usage.settled')).toMatchObject([
      { data: { as: 'reserved', charged: { tokens: 10, nanoUsd: 40 } } },
    ])
    expect(log.findIndex(({ kind }) => kind === 'usage.settled')).toBeLessThan(
      log.findIndex(({ kind }) => kind === 'attempt.ended'),
    )
  })

  it('that an engine before this one gave is charged at the start, and counts against the budget', async () => {
    const journal = memoryJournal()
    const answers: UsageAnswer[] = []
    const calls = async (usage: UsagePort) => {
      answers.push(await usage.reserve(call(`c${answers.length}`, { tokens: 1, nanoUsd: 60 })))
      return []
    }
    const first = await spending(calls, journal)
    first.hands.executor.launch = async (launchId) => (first.hands.launched.push(launchId), { outcome: 'launched' })
    first.hands.executor.attach = async () => ({ state: 'running', startedAt: 0 })
    await first.engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 100 })]))
    await until(() => answers.length === 1)
    await first.engine.stop()
    expect(only(await records(first.options), 'usage.settled')).toEqual([])
    const second = await spending(calls, journal)
    await second.engine.cancel(LOCAL, 'r1')
    await second.engine.sealed('r1')
    await second.engine.stop()
    expect(only(await records(second.options), 'usage.settled')).toMatchObject([
      { data: { as: 'reserved', charged: { nanoUsd: 60 } } },
    ])
  })

  it.each([
    ['no id', call('')],
    ['half of a surrogate pair', call('\ud800')],
    ['a float', call('c', { tokens: 1.5 })],
    ['less than nothing', call('c', { nanoUsd: -1 })],
    ['a number that is none', call('c', { nanoUsd: Number.NaN })],
  ])('with %s is refused', async (_, request) => {
    let error: unknown
    const { engine } = await spending(async (usage) => {
      error = await usage.reserve(request).catch((thrown: unknown) => thrown)
      return []
    })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await engine.sealed('r1')
    await engine.stop()
    expect(error).toMatchObject({ code: 'INVALID_INPUT' })
  })
})
