import type { SummarizedOutput, Worker } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { engineWith, fakeHands, GATE, item, LOCAL, records, submission } from './harness.ts'
import { only } from './records.ts'

const said = (failing: readonly string[], tests = 3): readonly SummarizedOutput[] => [
  { path: 'j.xml', summary: { kind: 'junit', tests, failures: failing.length, errors: 0, skipped: 0, failing } },
]

/** Runs one item; `of` says what the outputs of an attempt say, and whether it succeeds. */
async function runWith(
  of: (attempt: number) => { readonly summaries?: readonly SummarizedOutput[]; readonly fails?: boolean },
  { gates = 0, retries: max = 0 } = {},
) {
  const hands = fakeHands((task) =>
    of(task.attempt).fails === true
      ? { outcome: 'failed', reason: 'exit-code' }
      : { outcome: 'succeeded', reason: 'completed' },
  )
  const worker: Worker = {
    ...hands.worker,
    async capture(task, ...rest) {
      const { summaries } = of(task.attempt)
      const report = await hands.worker.capture(task, ...rest)
      return task.step === 'main' && summaries ? { ...report, summaries } : report
    },
  }
  const { engine, options } = await engineWith(
    { ...hands, worker },
    { redact: (text) => text.replaceAll('hunter2', '[redacted]') },
  )
  const retries = { max, minDelayMs: 1, maxDelayMs: 1 }
  await engine.submit(
    LOCAL,
    submission('r1', [item('a', { gates: Array.from({ length: gates }, () => GATE), retries })]),
  )
  await engine.sealed('r1')
  await engine.stop()
  const { rows } = await options.projections.query('default', 'items', { run: 'r1' })
  return { log: await records(options), row: rows[0] }
}

describe('what outputs say', () => {
  it('is in the record of each attempt; the row has that of the newest, whether it succeeded or not', async () => {
    const { log, row } = await runWith((attempt) => ({ summaries: said([`t${attempt}`]), fails: true }), { retries: 1 })
    expect(only(log, 'attempt.ended').map(({ data }) => data.summaries)).toEqual([said(['t1']), said(['t2'])])
    expect(row).toMatchObject({ status: 'failed', summaries: said(['t2']) })
    expect(row?.product).toBeUndefined()
  })

  it('is in the record of the main step where gates judge it', async () => {
    const { log, row } = await runWith(() => ({ summaries: said([]) }), { gates: 1 })
    expect(only(log, 'item.captured')).toMatchObject([{ data: { summaries: said([]) } }])
    expect(row?.summaries).toEqual(said([]))
  })

  it('is that of no attempt before', async () => {
    const first = { summaries: said(['t1']), fails: true }
    const { row } = await runWith((attempt) => (attempt === 1 ? first : {}), { retries: 1 })
    expect(row).toMatchObject({ status: 'succeeded' })
    expect(row?.summaries).toBeUndefined()
  })

  it('is made to fit, and holds no secret', async () => {
    const long = Array.from({ length: 50 }, (_, at) => `hunter2 ${at} ${'\u0001'.repeat(500)}`)
    const { log } = await runWith(() => ({ summaries: said(long, Number.NaN) }))
    const [ended] = only(log, 'attempt.ended')
    const [one] = ended?.data.summaries ?? []
    expect(one?.summary).toMatchObject({ tests: 0, failures: 50 })
    expect(one?.summary).toHaveProperty('failing.length', 10)
    expect(JSON.stringify(one)).not.toContain('hunter2')
    expect(JSON.stringify(one).length).toBeLessThan(4_000)
  })
})
