import type { RecordData } from '@seamark/core'
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { PROGRAMS } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import { until } from './seamark.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

const serve = realServices()
const mark = `budget-${randomBytes(4).toString('hex')}`
const promptFor = (boat: string) => `The boat is ${boat}. Make the tests pass.`

const cases = PROGRAMS.flatMap((program) =>
  (['usd', 'tokens'] as const).map((of) => ({ name: program.name, of, program })),
)

it.each(cases)(
  '$name waits where its budget of $of has no room for a call, and goes on once it has (as root, with bubblewrap)',
  { timeout: 600_000 },
  async ({ program, of }) => {
    const unit = of === 'usd' ? 'nanoUsd' : 'tokens'
    const { read, edit, priced } = program
    const began = [{ answer: [read('tide.mjs')] }, { answer: [edit(...CHANGES.tide)] }]
    const next = { answer: [read('ports.csv')] }
    const rest = [{ answer: [edit(...CHANGES.ports)] }, { answer: 'Done.' }]
    const goesOn = { expect: { anywhere: ['The boat is', 'metres * 100'], contains: 'Go on' } }
    // Names of one length: both send as many bytes.
    const boats = ['argo', 'dawn']
    const service = await serve({
      script: {
        conversations: {
          argo: { turns: [...began, next, ...rest] },
          dawn: { turns: [...began, { ...goesOn, ...next }, ...rest] },
        },
      },
      asked: async (body) => boats.find((boat) => body.includes(`The boat is ${boat}.`)),
    })
    const [free, tight] = [`${mark}-${program.name}-${of}`, `${mark}-${program.name}-${of}-tight`]
    const wide = await service.run(free, [itemFor(program, { prompt: promptFor('argo') })])
    expect(wide.code, wide.err + wide.out).toBe(0)
    const reserved = dataOf<'usage.reserved'>(wide.dataOf('usage.reserved')).map((reservation) => reservation[unit])
    const settled = dataOf<'usage.settled'>(wide.dataOf('usage.settled')).map(({ charged }) => charged[unit])
    expect([reserved.length, settled.length]).toEqual([5, 5])
    // Room for two calls as they are settled, and for less than the third may come to.
    const room = (settled[0] ?? 0) + (settled[1] ?? 0) + Math.floor((reserved[2] ?? 0) * 0.99)
    expect(room).toBeGreaterThan((settled[0] ?? 0) + (reserved[1] ?? 0))
    const budget = of === 'usd' ? { usd: Number((room / 1e9).toFixed(9)) } : { tokens: room }
    const running = service.run(tight, [itemFor(program, { prompt: promptFor('dawn'), budget })])
    const waits = async () => {
      const { out } = await service.seamark('status', tight, 'fix', '--json')
      return out.trim() === '' ? undefined : JSON.parse(out).waiting
    }
    await until(async () => (await waits())?.reason === 'budget', 240_000)
    expect(service.model.calls.filter(({ conversation }) => conversation === 'dawn')).toHaveLength(2)
    await service.told('approve', 'fix', '--run', tight, `--${of}`, of === 'usd' ? '5' : '5000000')
    const ran = await running
    expect(ran.code, ran.err + ran.out).toBe(0)
    expect(service.model.problems()).toEqual([])
    expect(ran.dataOf('attempt.ended').map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['parked', 'budget'],
      ['succeeded', 'completed'],
    ])
    const begun = ran.dataOf('conversation.begun')
    expect(begun.map(({ id, resumed }) => [id, resumed])).toEqual([
      [begun[0]?.['id'], false],
      [begun[0]?.['id'], true],
    ])
    expect(await service.told('patch', tight, 'fix')).toBe(patchTo(service, WANTED))
    // Of both attempts, and nothing for the call that was not sent.
    const { calls, tokens: counted } = service.counted('dawn')
    const tokens = { input: counted.input, output: counted.output }
    const nanoUsd =
      counted.input * priced.rates.input +
      counted.output * priced.rates.output +
      counted.cacheRead * priced.rates.cacheRead
    expect(calls).toBe(5)
    expect(await service.usage('item', tight)).toMatchObject([
      { item: 'fix', calls, assumed: 0, tokens, charged: { nanoUsd } },
    ])
    expect(await service.verified(tight)).toMatchObject({ verdict: 'verified' })
  },
)

function dataOf<K extends 'usage.reserved' | 'usage.settled'>(data: readonly unknown[]): readonly RecordData[K][] {
  return JSON.parse(JSON.stringify(data))
}
