import type { ItemView, RunView, ServiceView } from '@seamark/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serviceFrame } from '../src/service-watch/frame.ts'
import type { Watched } from '../src/service-watch/model.ts'
import { style } from '../src/style.ts'

const now = 1_800_000_000_000
const runId = '019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b'

const service = (more: Partial<ServiceView> = {}): ServiceView => ({
  version: '0.1.0',
  api: 'v1',
  ns: 'default',
  pid: 1,
  startedAt: now,
  seams: [],
  queues: [{ name: 'default', concurrency: 4, running: 3 }],
  stats: { runs: 1, running: 3, waiting: 5, parked: 1, size: 100 },
  ...more,
})

const view = (run: string, more: Partial<RunView> = {}): RunView => ({
  run,
  name: 'nightly',
  status: 'running',
  seq: 3,
  plan: 'a'.repeat(64),
  items: 9,
  settled: { succeeded: 1, failed: 0, canceled: 0, skipped: 0 },
  submittedBy: 'local:0',
  submittedAt: now - 60_000,
  ...more,
})

const item = (id: string, index: number, more: Partial<ItemView> = {}): ItemView => ({
  run: runId,
  index,
  item: id,
  status: 'running',
  attempt: 1,
  startedAt: now - 5_000,
  ...more,
})

const asking = item('guide', 1, {
  status: 'parked',
  parked: { reason: 'input', token: 'wait-7' },
  waiting: { for: 'parked', reason: 'input', token: 'wait-7', question: { id: 'q', text: 'Which\u001B[2J one?' } },
})

function watched(items: readonly ItemView[], more: Partial<Watched> = {}): Watched {
  return { service: service(), runs: new Map([[runId, { view: view(runId), items }]]), ended: [], ...more }
}

const show = (state: Watched, columns = 100, rows = 24) => serviceFrame(state, { columns, rows }, style(false), now)

describe('the picture of a service', () => {
  it('names runs, items, slots, what items wait for and what would let them go on', () => {
    const text = show(
      watched([
        item('lint', 0),
        asking,
        item('ship', 2, {
          status: 'waiting',
          waiting: { for: 'lock', lock: 'src/**', heldBy: { run: runId, item: 'lint' } },
        }),
        item('late', 3, { status: 'parked', parked: { reason: 'retry', token: 't', resumeAt: now + 9_000 } }),
      ]),
    ).join('\n')
    expect(text).toContain('default 3/4')
    expect(text).toContain(runId)
    expect(text).toMatch(/lint +running 5\.0 s/)
    expect(text).toContain(`seamark answer guide TEXT --run ${runId} --wait wait-7`)
    expect(text).toContain('held by lint')
    expect(text).toMatch(/late +parked: retry, goes on in 9\.0 s/)
    expect(text).not.toContain('\u001B')
  })

  it('says that all runs are paused, and what lets them go on', () => {
    const paused = { by: 'local:0', at: now }
    expect(show(watched([], { service: service({ paused }) })).join('\n')).toContain('seamark resume --all')
  })

  it('says of a run that it is paused while an item of it goes on, until it is cancelled', () => {
    const paused = { by: 'local:0', at: now }
    const line = (more: Partial<RunView>) => {
      const runs = new Map([[runId, { view: view(runId, more), items: [item('lint', 0)] }]])
      return show(watched([], { runs })).find((text) => text.startsWith(runId))
    }
    expect(line({})).not.toContain('paused')
    expect(line({ paused })).toContain('paused')
    expect(line({ paused, status: 'canceling' })).toContain('canceling')
  })

  it('shows what waits for a person even where much more runs than fits', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => item(`i${at}`, at + 2))
    const lines = show(watched([...many, asking]), 80, 12)
    expect(lines.join('')).toContain('asks: Which')
    expect(lines.join('')).toContain('not shown')
  })

  it('can be copied from on a terminal of 20 columns', () => {
    const lines = show(watched([asking]), 20, 24)
    const command = lines.filter((line) => line.startsWith('    ')).map((line) => line.slice(4))
    expect(command.join('')).toBe(`→ seamark answer guide TEXT --run ${runId} --wait wait-7`)
  })

  it('has never more lines or columns than the terminal', () => {
    const text = fc.string({ maxLength: 80 })
    const items = fc.array(
      fc.record({
        id: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/),
        status: fc.constantFrom('running' as const, 'waiting' as const, 'parked' as const),
        question: text,
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, items), { maxLength: 30 }),
        fc.array(text, { maxLength: 9 }),
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 5, max: 60 }),
        (runs, queues, columns, rows) => {
          const state: Watched = {
            service: service({ queues: queues.map((name) => ({ name, concurrency: 2 })) }),
            runs: new Map(
              runs.map(([name, of], at) => {
                const token = `t${at}`
                const views = of.map(({ id, status, question }, index) =>
                  status === 'parked'
                    ? item(id, index, {
                        status,
                        parked: { reason: 'input', token },
                        waiting: { for: 'parked', reason: 'input', token, question: { id: 'q', text: question } },
                      })
                    : item(id, index, { status }),
                )
                return [`${runId}-${at}`, { view: view(`${runId}-${at}`, { name }), items: views }]
              }),
            ),
            ended: [view(runId, { status: 'failed', sealedAt: now })],
          }
          const lines = serviceFrame(state, { columns, rows }, style(false), now)
          expect(lines.length).toBeLessThanOrEqual(rows)
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
        },
      ),
    )
  })
})
