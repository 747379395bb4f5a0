import { memoryJournal } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { item, LOCAL, records, submission } from './harness.ts'
import { only, until } from './records.ts'
import { budgeted, call, spend, spending, tokenOf } from './spending.ts'

describe('an approval', () => {
  it('is refused where there is nothing to approve', async () => {
    const { engine } = await spending(spend(60))
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 50 }), item('b')]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    for (const [run, id, more, code] of [
      ['r2', 'a', {}, 'NOT_FOUND'],
      ['r1', 'x', {}, 'NOT_FOUND'],
      ['r1', 'a', { tokens: 5 }, 'INVALID_INPUT'],
      ['r1', 'a', { nanoUsd: 0.5 }, 'INVALID_INPUT'],
      ['r1', 'b', {}, 'CONFLICT'],
    ] as const)
      await expect(engine.approve(LOCAL, run, id, tokenOf(engine, id), more)).rejects.toMatchObject({ code })
    await engine.stop()
  })

  it('raises once for one wait, however often it is sent, and is not taken for another wait', async () => {
    const { engine, options } = await spending(async (usage) => {
      const answer = await usage.reserve(call('c', { nanoUsd: 60 }))
      return [answer]
    })
    await engine.submit(LOCAL, submission('r1', [budgeted('a', { nanoUsd: 10 })]))
    await until(() => engine.waiting('r1', 'a')?.for === 'parked')
    const first = tokenOf(engine, 'a')
    const answers = await Promise.allSettled([1, 2].map(() => engine.approve(LOCAL, 'r1', 'a', first, { nanoUsd: 25 })))
    expect(answers).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'CONFLICT' } }])
    await until(() => !['', first].includes(tokenOf(engine, 'a')))
    await expect(engine.approve(LOCAL, 'r1', 'a', first, { nanoUsd: 25 })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(engine.waiting('r1', 'a')).toMatchObject({ budget: { room: 35 } })
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'budget.set')).toMatchObject([{ data: { on: 'item', limits: { nanoUsd: 35 } } }])
    const voided = { command: 'item.approve', reason: 'token', target: first }
    expect(only(log, 'command.voided')).toMatchObject([
      { actor: LOCAL.id, run: 'r1', item: 'a', data: voided },
      { data: voided },
    ])
  })

  it('comes with other budgets in the configuration too', async () => {
    const journal = memoryJournal()
    const first = await spending(spend(60), { ...journal, budgets: { principal: { nanoUsd: 50 } } })
    await first.engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => first.engine.waiting('r1', 'a')?.for === 'parked')
    await first.engine.stop()
    const second = await spending(spend(60), { ...journal, budgets: { principal: { nanoUsd: 70 } } })
    expect(await second.engine.sealed('r1')).toBe('succeeded')
    await second.engine.stop()
    expect(only(await records(second.options), 'budget.set').map(({ data }) => data)).toEqual([
      { on: 'principal', limits: { nanoUsd: 50 } },
      { on: 'principal', limits: { nanoUsd: 70 } },
    ])
  })
})
