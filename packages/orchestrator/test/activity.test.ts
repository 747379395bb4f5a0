import type { AgentActivity, StepTask, Worker } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { engineWith, failing, fakeHands, GATE, item, LOCAL, records, runOne, submission } from './harness.ts'
import { only } from './records.ts'

const did = (turns: number): AgentActivity => ({
  turns,
  calls: 3,
  tools: [{ tool: 'Bash', calls: 3 }],
  allowed: 2,
  denied: 1,
  nudges: 1,
  nudgedFor: ['Bash: ls'],
  usage: [{ model: 'm', inputTokens: 7, outputTokens: 3 }],
})

/** Runs one item, whose first attempts fail. */
function runWith(
  activity: (task: StepTask) => AgentActivity | undefined,
  steps: { gates?: number; failures?: number },
) {
  const hands = fakeHands(failing(steps.failures ?? 0), undefined, activity)
  return runOne(hands, steps, { redact: (text) => text.replaceAll('hunter2', '[redacted]') })
}

describe('what an agent did', () => {
  it('is in the record of the end of each attempt; the row has that of the newest', async () => {
    const { log, row } = await runWith(({ attempt }) => did(attempt), { failures: 1 })
    expect(only(log, 'attempt.ended').map(({ data }) => data.activity)).toEqual([did(1), did(2)])
    expect(row?.activity).toEqual(did(2))
  })

  it('is in the record of the main step where gates judge it', async () => {
    const { log, row } = await runWith(() => did(1), { gates: 1 })
    expect(only(log, 'item.captured')).toMatchObject([{ data: { activity: did(1) } }])
    expect(only(log, 'attempt.ended').map(({ data }) => data.activity)).toEqual([undefined])
    expect(row?.activity).toEqual(did(1))
  })

  it('is that of no attempt before', async () => {
    const { row } = await runWith(({ attempt }) => (attempt === 1 ? did(1) : undefined), { failures: 1 })
    expect(row?.activity).toBeUndefined()
  })

  it('is made to fit, and holds no secret', async () => {
    const long = Array.from({ length: 100 }, (_, n) => `hunter2 ${n} ${'x'.repeat(500)}`)
    const wild: AgentActivity = {
      ...did(-1),
      calls: 0.5,
      tools: long.map((tool) => ({ tool, calls: 1 })),
      nudgedFor: ['', ...long],
      usage: long.map((model) => ({ model, inputTokens: Number.NaN, outputTokens: 2 ** 60 })),
    }
    const { row } = await runWith(() => wild, {})
    const activity = row?.activity
    expect([
      activity?.turns,
      activity?.calls,
      activity?.usage[0]?.inputTokens,
      activity?.usage[0]?.outputTokens,
    ]).toEqual([0, 0, 0, 0])
    expect([activity?.tools.length, activity?.nudgedFor.length, activity?.usage.length]).toEqual([24, 5, 9])
    expect(activity?.nudgedFor[0]).toBe('unnamed')
    expect(activity?.tools[0]?.tool).toHaveLength(100)
    expect(JSON.stringify(activity)).not.toContain('hunter2')
  })

  it.each([0, 1])('never costs an item its product, however it is named, with %i gates', async (gates) => {
    const wild = '\u0001'.repeat(1_000)
    const many = Array.from({ length: 100 }, () => wild)
    const most = Number.MAX_SAFE_INTEGER
    const hands = fakeHands(
      () => ({ outcome: 'succeeded', reason: wild, detail: wild }),
      () => ({ detail: wild, left: { processes: most, names: many } }),
      () => ({
        ...did(most),
        tools: many.map((tool) => ({ tool, calls: most })),
        nudgedFor: many,
        usage: many.map((model) => ({ model, inputTokens: most, outputTokens: most })),
      }),
    )
    const blob = { sha256: 'c'.repeat(64), size: most }
    const patch = { ...blob, files: most, baseTree: 'd'.repeat(64), tree: 'e'.repeat(64) }
    const services = Array.from({ length: 8 }, (_, n) => ({
      name: `${n}`.padEnd(63, 'x'),
      end: 'not-started' as const,
      code: 255,
      signal: 'SIGVTALRM',
      log: blob,
      lost: most,
    }))
    const capture: Worker['capture'] = async (task, executor, exit) => {
      const report = await hands.worker.capture(task, executor, exit)
      if (task.step !== 'main') return report
      const outputs = (task.item?.outputs ?? []).map(({ path }) => ({ path, blob }))
      return { ...report, product: { patch, outputs, stdout: blob, stderr: blob, snapshot: blob, services } }
    }
    const { engine, options } = await engineWith(hands, { worker: { ...hands.worker, capture } })
    const outputsOf = (length: number) => Array.from({ length: 100 }, (_, n) => ({ path: `${n}`.padEnd(length, 'x') }))
    const planOf = (length: number) =>
      submission('r1', [item('a', { gates: Array.from({ length: gates }, () => GATE), outputs: outputsOf(length) })])
    await expect(engine.submit(LOCAL, planOf(320))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: [{ place: { pointer: '/items/0/outputs' } }],
    })
    await engine.submit(LOCAL, planOf(290))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const log = await records(options)
    const [ended] = gates === 0 ? only(log, 'attempt.ended') : only(log, 'item.captured')
    expect(ended?.data.product?.outputs.length).toBe(100)
    expect(ended?.data.activity?.tools.length).toBe(24)
  })
})
