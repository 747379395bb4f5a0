import type { AttemptFact, AttemptPort, RecordData, Worker } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { engineWith, failing, fakeHands, item, LOCAL, records, runOne, submission } from './harness.ts'
import { only, SUCCEEDED, until } from './records.ts'

const denial = (index: number): AttemptFact => ({
  kind: 'tool.denied',
  data: { tool: 'Bash', reason: 'denied', index },
})
const refused: RecordData['egress.decided'] = {
  outcome: 'refused',
  reason: 'not-listed',
  count: 1,
  first: 1,
  code: 'FORBIDDEN',
  host: 'example.com',
  port: 443,
}
const decided: AttemptFact = { kind: 'egress.decided', data: refused }

/** An engine whose worker hands out the ports that it is given, by step. */
async function withPorts(script: Parameters<typeof fakeHands>[0] = () => 'hold') {
  const hands = fakeHands(script)
  const ports = new Map<string, AttemptPort>()
  const seen: string[] = []
  const took = (when: string, step: string, port: AttemptPort | undefined) => {
    if (port === undefined) return
    seen.push(`${when} ${step}`)
    ports.set(step, port)
  }
  const worker: Worker = {
    ...hands.worker,
    prepare: (task, executor, call) => (took('prepare', task.step, call?.port), hands.worker.prepare(task, executor)),
    follow: (task, executor, exit, call) => (
      took('follow', task.step, call?.port),
      hands.worker.follow(task, executor, exit)
    ),
    capture: (task, executor, exit, call) => (
      took('capture', task.step, call?.port),
      hands.worker.capture(task, executor, exit)
    ),
  }
  const made = await engineWith(hands, { worker })
  const port = (step: string): AttemptPort => {
    const found = ports.get(step)
    if (found === undefined) throw new Error(`no port for ${step}`)
    return found
  }
  return { ...made, hands, seen, port }
}

describe('facts of an attempt', () => {
  it('are records of it, in their order, before the promise resolves', async () => {
    const { engine, options, hands, seen, port } = await withPorts()
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => hands.running().length === 1 && seen.includes('follow main'))
    await port('main').note([denial(0), decided, denial(1)])
    const log = await records(options)
    const [launched] = only(log, 'item.launched')
    const facts = log.filter(({ kind }) => kind === 'tool.denied' || kind === 'egress.decided')
    expect(facts.map(({ kind }) => kind)).toEqual(['tool.denied', 'egress.decided', 'tool.denied'])
    for (const fact of facts)
      expect(fact).toMatchObject({ actor: 'engine', run: 'r1', item: 'a', attempt: 1, fence: launched?.fence })
    expect(only(log, 'egress.decided')[0]?.data).toEqual(refused)
    for (const launchId of hands.running()) hands.exit(launchId)
    await engine.sealed('r1')
    expect(seen).toEqual(['prepare main', 'follow main', 'capture main'])
    await engine.stop()
  })

  it('are refused once the step has ended, also while its gate runs, and leave no record', async () => {
    const { engine, options, hands, seen, port } = await withPorts(({ step }) => (step === 'main' ? SUCCEEDED : 'hold'))
    await engine.submit(LOCAL, submission('r1', [item('a', { gates: [{ run: 'true', protect: [], timeoutMs: 1e5 }] })]))
    await until(() => seen.includes('follow gate:0'))
    await expect(port('main').note([denial(0)])).rejects.toMatchObject({ code: 'CONFLICT' })
    await port('gate:0').note([denial(0)])
    for (const launchId of hands.running()) hands.exit(launchId)
    await engine.sealed('r1')
    await expect(port('gate:0').note([denial(1)])).rejects.toMatchObject({ code: 'CONFLICT' })
    await engine.stop()
    await expect(port('gate:0').note([denial(2)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(only(await records(options), 'tool.denied').map(({ data }) => data.index)).toEqual([0])
  })

  const fact = (more: Partial<typeof refused>): AttemptFact => ({
    kind: 'egress.decided',
    data: { ...refused, ...more },
  })

  it('that its way out refused are in the row of its item at its end, also under an engine that starts meanwhile', async () => {
    const { engine, options, hands, seen, port } = await withPorts()
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => hands.running().length === 1 && seen.includes('follow main'))
    const words = Array.from({ length: 9 }, (_, at) => fact({ reason: `r${at}` }))
    await port('main').note([denial(0), fact({ outcome: 'allowed', reason: 'listed' }), fact({ count: 40 }), ...words])
    await engine.stop()

    const { engine: next } = await engineWith(hands, options)
    for (const launchId of hands.running()) hands.exit(launchId)
    await next.sealed('r1')
    await next.stop()
    const { rows } = await options.projections.query('default', 'items', { run: 'r1' })
    const reasons = ['not-listed', ...Array.from({ length: 7 }, (_, at) => `r${at}`)]
    expect(rows).toMatchObject([{ status: 'succeeded', refusedRequests: { count: 49, reasons } }])
  })

  it('that its way out refused are in its row those of the newest attempt, its gates included', async () => {
    const hands = fakeHands(failing(1))
    const worker: Worker = {
      ...hands.worker,
      async prepare(task, executor, call) {
        await call?.port?.note([fact({ reason: `${task.step} of ${task.attempt}` })])
        return hands.worker.prepare(task, executor)
      },
    }
    const { row } = await runOne(hands, { gates: 1, failures: 1 }, { worker })
    expect(row?.refusedRequests).toEqual({ count: 2, reasons: ['main of 2', 'gate:0 of 2'] })
  })

  it('of a set-up are records of the run', async () => {
    const { engine, options, hands, seen, port } = await withPorts(({ step }) =>
      step === 'setup' ? 'hold' : SUCCEEDED,
    )
    const layers = { fake: { digest: 'b'.repeat(64), ready: false } }
    const setup = { run: 'x', key: ['k'], paths: ['p'], timeoutMs: 1e5 }
    await engine.submit(LOCAL, submission('r1', [item('a')], { layers, spec: { workspace: { type: 'empty' }, setup } }))
    await until(() => seen.includes('follow setup'))
    await port('setup').note([decided])
    for (const launchId of hands.running()) hands.exit(launchId)
    await engine.sealed('r1')
    await engine.stop()
    const [fact] = only(await records(options), 'egress.decided')
    expect(fact).toMatchObject({ run: 'r1', attempt: 1 })
    expect(fact).not.toHaveProperty('item')
  })

  it.each<[string, AttemptFact[], string]>([
    ['too many', Array.from({ length: 1_001 }, (_, index) => denial(index)), 'LIMIT_EXCEEDED'],
    [
      'a word that is too long',
      [{ kind: 'tool.denied', data: { tool: 'x'.repeat(201), reason: 'x', index: 0 } }],
      'INVALID_INPUT',
    ],
    [
      'half of a surrogate pair',
      [{ kind: 'tool.denied', data: { tool: '\ud800', reason: 'x', index: 0 } }],
      'INVALID_INPUT',
    ],
    ['a float', [{ kind: 'egress.decided', data: { ...refused, count: 1.5 } }], 'INVALID_INPUT'],
  ])('that are %s are refused as a whole, and hold up nothing', async (_, facts, code) => {
    const { engine, options, hands, seen, port } = await withPorts()
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await until(() => hands.running().length === 1 && seen.includes('follow main'))
    await expect(port('main').note([denial(0), ...facts])).rejects.toMatchObject({ code })
    await port('main').note([])
    for (const launchId of hands.running()) hands.exit(launchId)
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    expect(only(await records(options), 'tool.denied')).toEqual([])
  })
})
