import type { RecordData } from '@seamark/core'
import type { ModelScript, Part } from '@seamark/testing-model'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { filesWith, orGone } from './look-inside.ts'
import { claudeCode, codex, PROGRAMS } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import type { Ran, RealService, RealServiceOptions } from './real-service.ts'
import { until } from './seamark.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

type Turns = NonNullable<ModelScript['turns']>

const mark = `talk-${randomBytes(4).toString('hex')}`

const begin = realServices()
let service: RealService

async function serve(
  turns: Turns,
  options: Pick<RealServiceOptions, 'asked' | 'env' | 'runtimes'> = {},
): Promise<void> {
  service = await begin({ script: { turns }, ...options })
}

/** Ends the program of a run as a crash does, and says how many processes it had. */
function kill(run: string): number {
  const pids = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    const textOf = (name: string) => orGone(() => readFileSync(`/proc/${pid}/${name}`, 'latin1')) ?? ''
    const executable = basename(orGone(() => readlinkSync(`/proc/${pid}/exe`)) ?? '')
    // Not the shell that leads it.
    if (!/^(node|claude|codex)/.test(executable) || !textOf('cmdline').includes('/opt/agents/')) return false
    return textOf('environ').split('\0').includes(`SEAMARK_RUN=${run}`)
  })
  for (const pid of pids) orGone(() => process.kill(Number(pid), 'SIGKILL'))
  return pids.length
}

/** One conversation, in two attempts that ended so. */
function expectOne(ran: Ran, ends: readonly [outcome: string, reason: string][]): void {
  expect(ran.code, ran.err + ran.out).toBe(0)
  expect(service.model.problems()).toEqual([])
  const begun = begunIn(ran)
  const id = begun[0]?.['id']
  // It says which one it is.
  const program = expect.stringMatching(/\d+\.\d+\.\d+$/)
  expect(begun).toEqual([
    { id, resumed: false, program },
    { id, resumed: true, program },
  ])
  expect(ran.dataOf('item.launched').map(({ resumes }) => resumes)).toEqual([undefined, id])
  expect(ran.dataOf('attempt.ended').map(({ outcome, reason }) => [outcome, reason])).toEqual(ends)
}

/** Conversations that were begun or gone on with. After a crash of the service one may be recorded again. */
function begunIn({ dataOf }: Ran): readonly Readonly<Record<string, unknown>>[] {
  return [...new Map(dataOf('conversation.begun').map((data) => [JSON.stringify(data), data])).values()]
}

/** What both attempts did is in the patch. */
async function expectBoth(run: string): Promise<void> {
  expect(await service.told('patch', run, 'fix')).toBe(patchTo(service, WANTED))
}

/**
 * The tokens and the money of both attempts, as the model counted them; `assumed` calls were cut before their answer said what they
 * used, and are charged what was reserved for them.
 */
async function expectCharged({ dataOf }: Ran, run: string, { priced }: RealProgram, assumed = 0): Promise<void> {
  const { input, output, cacheRead } = service.counted().tokens
  const { rates } = priced
  const settled = settlements(dataOf('usage.settled'))
  const nanoUsd = (as: 'used' | 'reserved') =>
    settled.filter((one) => one.as === as).reduce((sum, { charged }) => sum + charged.nanoUsd, 0)
  expect(nanoUsd('used')).toBe(input * rates.input + output * rates.output + cacheRead * rates.cacheRead)
  expect(nanoUsd('reserved') > 0).toBe(assumed > 0)
  expect(await service.usage('item', run)).toMatchObject([
    { item: 'fix', assumed, tokens: { input, output }, charged: { nanoUsd: nanoUsd('used') + nanoUsd('reserved') } },
  ])
}

/** What calls came to, by their records. */
function settlements(data: ReturnType<Ran['dataOf']>): readonly RecordData['usage.settled'][] {
  return JSON.parse(JSON.stringify(data))
}

const asking = (one: Part | undefined): Part => {
  if (one === undefined) throw new Error('The program has no tool for questions.')
  return one
}

const before = ['Make the tests pass.', 'metres * 100']
// Some read what they are to edit, each time that they go on.
const turnsOf = ({ edit, read }: RealProgram): Record<'began' | 'wentOn', Turns> => ({
  began: [{ answer: [read('tide.mjs')] }, { answer: [edit(...CHANGES.tide)] }],
  wentOn: [{ answer: [edit(...CHANGES.ports)] }, { answer: 'Done.' }],
})

describe.each([claudeCode, codex])('$name (as root, with bubblewrap)', (program) => {
  const { ask, limit, read } = program
  const { began, wentOn } = turnsOf(program)

  it('asks, waits, and goes on with the answer', { timeout: 600_000 }, async () => {
    await serve([
      ...began,
      { answer: [asking(ask)] },
      { expect: { anywhere: before, contains: ['Which colour?', 'Blue, as ever.'] }, answer: [read('ports.csv')] },
      ...wentOn,
    ])
    const id = `${mark}-ask-${program.name}`
    const running = service.run(id, [itemFor(program)])
    const waiting = async () => {
      const { out } = await service.seamark('status', id, 'fix', '--json')
      return out.trim() === '' ? undefined : JSON.parse(out).waiting
    }
    await until(async () => (await waiting())?.question !== undefined, 240_000)
    const text = 'Which colour?\n1. Red: as a lamp\n2. Blue: as the sea'
    expect(await waiting()).toMatchObject({ for: 'parked', reason: 'input', question: { text } })
    await service.told('answer', 'fix', 'Blue, as ever.', '--run', id)
    const ran = await running
    expectOne(ran, [
      ['parked', 'input'],
      ['succeeded', 'completed'],
    ])
    await expectBoth(id)
    await expectCharged(ran, id, program)
  })

  it('waits for the end of a limit, and goes on', { timeout: 600_000 }, async () => {
    const resetAt = Math.floor(Date.now() / 1_000) + 40
    const { told = {}, refused = {}, times, env = {} } = limit?.(resetAt) ?? { times: 1 }
    await serve(
      [
        ...began.map((turn) => ({ ...turn, headers: told })),
        { times, error: { kind: 'rate-limit' }, headers: refused },
        { expect: { anywhere: before, contains: 'Go on' }, answer: [read('ports.csv')] },
        ...wentOn,
      ],
      { env },
    )
    const id = `${mark}-limit-${program.name}`
    const ran = await service.run(id, [itemFor(program)])
    expectOne(ran, [
      ['parked', 'rate-limit'],
      ['succeeded', 'completed'],
    ])
    await expectBoth(id)
    await expectCharged(ran, id, program)
    const [parked] = ran.dataOf('item.parked')
    expect(parked).toMatchObject({ reason: 'rate-limit', resumeAt: (resetAt + 1) * 1_000 })
    expect(Date.now()).toBeGreaterThan((resetAt + 1) * 1_000)
  })
})

describe.each(PROGRAMS)('$name (as root, with bubblewrap)', (program) => {
  const { began, wentOn } = turnsOf(program)

  it('goes on where it was killed', { timeout: 600_000 }, async () => {
    const id = `${mark}-kill-${program.name}`
    let came = 0
    const asked = async (): Promise<undefined> => {
      if (++came !== 3) return
      // It writes down a moment later what it did.
      await sleep(2_000)
      if (kill(id) === 0) throw new Error('There is no program to kill.')
      throw new Error('Nobody is there to be answered.')
    }
    await serve(
      [...began, { expect: { anywhere: before, contains: 'Go on' }, answer: [program.read('ports.csv')] }, ...wentOn],
      { asked },
    )
    const ran = await service.run(id, [itemFor(program, { retries: { max: 1 } })])
    expectOne(ran, [
      ['failed', 'exit-code'],
      ['succeeded', 'completed'],
    ])
    await expectBoth(id)
    // The call that it waited for when it was killed.
    await expectCharged(ran, id, program, 1)
  })
})

it.each(PROGRAMS)(
  '$name goes on in its conversation where its time was up (as root, with bubblewrap)',
  { timeout: 600_000 },
  async (program) => {
    const { began, wentOn } = turnsOf(program)
    const id = `${mark}-time-${program.name}`
    const over = Promise.withResolvers<void>()
    let came = 0
    const asked = async (): Promise<undefined> => {
      if (++came !== 3) return
      await over.promise
      throw new Error('Nobody is there to be answered.')
    }
    const goesOn = { expect: { anywhere: before, contains: 'Go on' }, answer: [program.read('ports.csv')] }
    await serve([...began, goesOn, ...wentOn], { asked })
    const ran = await service.run(id, [itemFor(program, { timeout: '30s', retries: { max: 1 } })])
    over.resolve()
    expectOne(ran, [
      ['timed-out', 'timeout'],
      ['succeeded', 'completed'],
    ])
    await expectBoth(id)
    await expectCharged(ran, id, program, 1)
  },
)

it.each([
  ...PROGRAMS.map((program) => ({ name: program.name, program, most: { maxToolCalls: 2 }, reason: 'max-tool-calls' })),
  { name: claudeCode.name, program: claudeCode, most: { maxTurns: 3 }, reason: 'max-turns' },
])(
  '$name goes on in its conversation after its $reason (as root, with bubblewrap)',
  { timeout: 600_000 },
  async ({ program, most, reason }) => {
    const { began, wentOn } = turnsOf(program)
    const id = `${mark}-${reason}-${program.name}`
    const goesOn = { expect: { anywhere: before, contains: 'Go on' }, answer: [program.read('ports.csv')] }
    let came = 0
    let cut = 0
    // A program that is quicker than its end asks once more.
    const asked = async (body: Buffer): Promise<undefined> => {
      if (++came <= 3 || body.includes('Go on')) return
      cut++
      throw new Error('Nobody is there to be answered.')
    }
    await serve([...began, { answer: [program.read('README.md')] }, goesOn, ...wentOn], {
      asked,
      runtimes: [program.runtime({}, { name: 'held', ...most })],
    })
    const ran = await service.run(id, [itemFor(program, { runtime: 'held', retries: { max: 1 } })])
    expectOne(ran, [
      ['failed', reason],
      ['succeeded', 'completed'],
    ])
    await expectBoth(id)
    await expectCharged(ran, id, program, cut)
  },
)

describe.each(PROGRAMS)(
  'kill -9 of the service in the middle of a conversation with $name (as root, with bubblewrap)',
  (program) => {
    const { began, wentOn } = turnsOf(program)
    const goesOn = { answer: [program.read('ports.csv')] }

    /** Begins, is killed while the program waits for its third answer, and is started anew. */
    async function crashed(id: string, third: Turns[number], also: () => void, more: object = {}): Promise<Ran> {
      const reached = Promise.withResolvers<void>()
      const over = Promise.withResolvers<void>()
      let came = 0
      const asked = async (): Promise<undefined> => {
        if (++came !== 3) return
        reached.resolve()
        await over.promise
        throw new Error('Nobody is there to be answered.')
      }
      await serve([...began, third, ...wentOn], { asked })
      const first = service.start('serve')
      await first.saw('Serving')
      await service.submit(id, [itemFor(program, more)])
      await reached.promise
      // It writes down a moment later what it did.
      const { results, folder } = program.name.startsWith('codex')
        ? { results: /function_call_output/g, folder: '/.codex/sessions/' }
        : { results: /"tool_result"/g, folder: '/.claude/projects/' }
      const isWritten = (bytes: Buffer) => [...bytes.toString('latin1').matchAll(results)].length >= began.length
      await until(() => filesWith(service.data, isWritten).some((path) => path.includes(folder)), 60_000)
      first.child.kill('SIGKILL')
      await first.ended
      also()
      over.resolve()
      const second = service.start('serve')
      try {
        await second.saw('Serving')
        return await service.watched(id)
      } finally {
        second.child.kill('SIGTERM')
        await second.ended
      }
    }

    const transcriptOf = async (id: string, attempt: number): Promise<string> =>
      service.told('logs', id, 'fix', '--transcript', '--attempt', String(attempt))

    async function expectVerified(id: string): Promise<void> {
      const run = { run: id, status: 'succeeded', items: 1 }
      expect(await service.verified(id)).toMatchObject({ verdict: 'verified', run })
    }

    it('and of its program: the next attempt goes on in the conversation', { timeout: 600_000 }, async () => {
      const id = `${mark}-crash-${program.name}`
      const third = { expect: { anywhere: before, contains: 'Go on' }, ...goesOn }
      const ran = await crashed(id, third, () => expect(kill(id)).toBeGreaterThan(0), { retries: { max: 1 } })
      expectOne(ran, [
        ['failed', 'exit-code'],
        ['succeeded', 'completed'],
      ])
      await expectBoth(id)
      await expectCharged(ran, id, program, 1)
      const [one, two] = [await transcriptOf(id, 1), await transcriptOf(id, 2)]
      const places = ['> {', 'Make the tests pass.', 'tide.mjs', 'metres * 100'].map((words) => one.indexOf(words))
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      expect([places.includes(-1), one.includes('Go on'), two.includes('Go on')]).toEqual([false, false, true])
      expect(two.indexOf('Go on')).toBeLessThan(two.indexOf('62°28′N'))
      await expectVerified(id)
    })

    it('alone: the attempt goes on', { timeout: 600_000 }, async () => {
      const id = `${mark}-crash-alone-${program.name}`
      const ran = await crashed(id, { expect: { anywhere: before }, ...goesOn }, () => undefined)
      expect(ran.code, ran.err + ran.out).toBe(0)
      expect(service.model.problems()).toEqual([])
      expect(begunIn(ran)).toMatchObject([{ resumed: false }])
      expect(ran.dataOf('attempt.ended')).toMatchObject([{ outcome: 'succeeded' }])
      await expectBoth(id)
      await expectCharged(ran, id, program, 1)
      const said = await transcriptOf(id, 1)
      // What was written to it: some repeat in what they say what they were told.
      const told = said.split('\n').filter((line) => line.startsWith('> ') && line.includes('Make the tests pass.'))
      expect(told).toHaveLength(1)
      expect(said).toContain('62°28′N')
      await expectVerified(id)
    })
  },
)
