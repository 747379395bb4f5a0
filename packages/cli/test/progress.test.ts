import type { AgentActivity } from '@seamark/core'
import type { RunEvent } from '@seamark/protocol'
import { describe, expect, it } from 'vitest'
import { activityText } from '../src/activity-text.ts'
import { frame } from '../src/progress/live.ts'
import { advance, emptyProgress } from '../src/progress/model.ts'
import type { ItemProgress } from '../src/progress/model.ts'
import { doing, tally, waitingText } from '../src/progress/say.ts'
import { style } from '../src/style.ts'

let seq = 0
function record(kind: string, data: object, item?: string): RunEvent {
  seq++
  return {
    type: 'record',
    seq,
    at: 1_000 * seq,
    kind,
    actor: 'engine',
    ...(item && { item, attempt: 1 }),
    data: JSON.parse(JSON.stringify(data)),
  }
}

function follow(events: readonly RunEvent[]) {
  seq = 0
  const run = emptyProgress()
  const byId = new Map<string, ItemProgress>()
  for (const event of events) advance(run, byId, event)
  return { run, item: (id: string) => byId.get(id)! }
}

const added = (n: number) => record('items.added', { items: Array.from({ length: n }, (_, i) => [i, `i${i}`, []]) })

describe('progress', () => {
  it('follows an item from its launch through its gate to its end', () => {
    const { run, item } = follow([
      record('run.submitted', {}),
      added(1),
      record('item.launched', { step: 'main' }, 'i0'),
      record('item.captured', { product: { patch: { files: 3 } } }, 'i0'),
      record('item.launched', { step: 'gate:0' }, 'i0'),
      record('gate.ended', { passed: true }, 'i0'),
      record('attempt.ended', { outcome: 'succeeded' }, 'i0'),
      record('item.settled', { outcome: 'succeeded', reason: 'completed' }, 'i0'),
    ])
    expect(item('i0')).toMatchObject({ phase: 'succeeded', files: 3, startedAt: 3_000, endedAt: 8_000 })
    expect(run.counts).toMatchObject({ succeeded: 1, waiting: 0, running: 0, gate: 0 })
    expect(doing(item('i0'), 0)).toBe('5.0 s, 3 files changed')
  })

  it('remarks what a program left running, and forgets it at the next attempt', () => {
    const exit = (processes: number, names: unknown) => ({ exit: { left: { processes, names } } })
    const captured = [
      added(1),
      record('item.launched', { step: 'main' }, 'i0'),
      record('item.captured', { product: {}, ...exit(12, ['sleep', 'e\u202evil']) }, 'i0'),
      record('attempt.ended', { outcome: 'succeeded' }, 'i0'),
      record('item.settled', { outcome: 'succeeded', reason: 'completed' }, 'i0'),
    ]
    const shown = doing(follow(captured).item('i0'), 0)
    expect(shown).toBe('3.0 s, no change, left 12 processes running, which were ended: sleep, e\\u{202e}vil …')
    const bad = (data: object) => [
      added(1),
      record('item.launched', { step: 'main' }, 'i0'),
      record('attempt.ended', { outcome: 'failed', reason: 'exit-code', detail: '3', ...data }, 'i0'),
      record('item.settled', { outcome: 'failed', reason: 'exit-code' }, 'i0'),
    ]
    const end = (data: object) => doing(follow(bad(data)).item('i0'), 0)
    expect(end(exit(1, ['node']))).toBe('failed: exit code 3, left 1 process running, which was ended: node')
    expect(end(exit(1, []))).toBe('failed: exit code 3, left 1 process running, which was ended')
    const refused = (count: number, paths: readonly string[]) => ({ exit: { refusedWrites: { count, paths } } })
    expect(end(refused(1, ['/workspace/a']))).toBe('failed: exit code 3, was refused 1 write: /workspace/a')
    expect(end(refused(7, ['/workspace/a', 'e\u202e']))).toBe(
      'failed: exit code 3, was refused 7 writes: /workspace/a, e\\u{202e} …',
    )
    const decided = (data: object) =>
      record('egress.decided', { outcome: 'refused', reason: 'path', count: 1, ...data }, 'i0')
    const asked = [
      added(1),
      record('item.launched', { step: 'main' }, 'i0'),
      decided({}),
      decided({ outcome: 'allowed', reason: 'listed' }),
      decided({ count: 7 }),
      decided({ reason: 'e\u202e' }),
      decided({ reason: 1 }),
      record('attempt.ended', { outcome: 'failed', reason: 'exit-code', detail: '3' }, 'i0'),
      record('item.settled', { outcome: 'failed', reason: 'exit-code' }, 'i0'),
    ]
    expect(doing(follow(asked).item('i0'), 0)).toBe('failed: exit code 3, was refused 9 requests: path, e\\u{202e}')
    for (const none of [exit(0, []), {}, { exit: {} }, { exit: [] }, exit(Number.NaN, 'x')])
      expect(end(none)).toBe('failed: exit code 3')
    expect(
      follow([...bad(exit(1, [])), record('item.launched', { step: 'main' }, 'i0')]).item('i0').left,
    ).toBeUndefined()
  })

  it('keeps why an attempt ended badly, and forgets it at the next', () => {
    const bad = [
      added(1),
      record('item.launched', { step: 'main' }, 'i0'),
      record('attempt.ended', { outcome: 'failed', reason: 'exit-code', detail: '3' }, 'i0'),
      record('item.parked', { reason: 'retry', resumeAt: 9_000 }, 'i0'),
    ]
    expect(doing(follow(bad).item('i0'), 8_000)).toBe('parked: retry in 1.0 s after exit code 3')
    const again = [...bad, record('item.resumed', {}, 'i0'), record('item.launched', { step: 'main' }, 'i0')]
    expect(follow(again).item('i0')).toMatchObject({ phase: 'running', reason: undefined })
  })

  it('settles ranges, and counts always add up', () => {
    const { run, item } = follow([
      added(5),
      record('items.settled', {
        outcome: 'skipped',
        reason: 'needs',
        ranges: [
          [0, 1],
          [3, 3],
        ],
      }),
      record('items.settled', { outcome: 'canceled', reason: 'requested', ranges: [[4, 4]] }),
    ])
    expect(run.items.map(({ phase }) => phase)).toEqual(['skipped', 'skipped', 'waiting', 'skipped', 'canceled'])
    expect(tally(run)).toBe('1 canceled, 3 skipped, 1 waiting')
    expect(doing(item('i0'), 0)).toContain('what it needs')
    const setup = record('items.settled', { outcome: 'skipped', reason: 'setup', ranges: [[0, 0]] })
    expect(doing(follow([added(1), setup]).item('i0'), 0)).toContain('the set-up failed')
  })

  it('ignores kinds and shapes that it does not know', () => {
    const { run } = follow([
      added(1),
      record('item.teleported', { to: 'moon' }, 'i0'),
      record('items.added', { items: 'many' }),
      record('items.settled', { ranges: [1, ['a']] }),
      record('item.launched', {}, 'unknown'),
      { type: 'ping', at: 1 },
    ])
    expect(run.counts.waiting).toBe(1)
  })
})

describe('the live picture', () => {
  it.each([1, 5, 500])('of %i items fits the terminal', (n) => {
    const { run } = follow([added(n), record('item.launched', { step: 'main' }, 'i0')])
    const lines = frame(run, { columns: 60, rows: 20 }, style(false), 60_000)
    expect(lines.length).toBeLessThan(20)
    for (const line of lines) expect(line.length).toBeLessThan(60)
    expect(lines[0]).toContain('i0')
    expect(lines.at(-1)).toContain('1 running')
    if (n === 500) expect(lines.at(-2)).toContain('more')
  })
})

it('says who holds a lock, and the run only where it is another', () => {
  const reason = { for: 'lock', lock: 'src/**', heldBy: { run: 'r1', item: 'a' } } as const
  expect(waitingText(reason, 'r1')).toBe('waits for lock src/** (held by a)')
  expect(waitingText(reason, 'r2')).toBe('waits for lock src/** (held by r1 a)')
})

it('An item says while it waits that its conversation is not gone on with, and what is away', () => {
  const parked = (data: object) => {
    const { item } = follow([
      added(1),
      record('item.launched', { step: 'main' }, 'i0'),
      record('item.parked', data, 'i0'),
    ])
    return doing(item('i0'), 3_000)
  }
  const retry = { reason: 'retry', resumeAt: 5_000 }
  expect(parked(retry)).toBe('parked: retry in 2.0 s')
  expect(parked({ ...retry, reason: 'capacity', detail: 'No engine.\u001b[2J Start it.' })).toBe(
    String.raw`parked: capacity in 2.0 s: No engine.\u{1b}[2J Start it.`,
  )
  expect(parked({ ...retry, startsOver: true })).toBe('parked: retry in 2.0 s, then begins a new conversation')
})

describe('what an agent did', () => {
  const nothing: AgentActivity = {
    turns: 0,
    calls: 0,
    tools: [],
    allowed: 0,
    denied: 0,
    nudges: 0,
    nudgedFor: [],
    usage: [],
  }

  it('is told in a line, with names of others made harmless', () => {
    expect(
      activityText({
        turns: 2,
        calls: 1_007,
        tools: [
          { tool: 'Bash', calls: 4 },
          { tool: 'e\u202evil', calls: 3 },
        ],
        allowed: 4,
        denied: 1,
        nudges: 1,
        nudgedFor: ['Bash: ls'],
        usage: [
          { model: 'm', inputTokens: 5_000, outputTokens: 300 },
          { model: 'n', inputTokens: 210, outputTokens: 1 },
        ],
      }),
    ).toBe(
      '2 turns, 1007 tool calls: Bash 4, e\\u{202e}vil 3, others 1,000; 1 denied; told once that it repeats Bash: ls; 5,210 tokens in, 301 out by its own count',
    )
    expect(activityText({ ...nothing, turns: 1 })).toBe('1 turn, 0 tool calls')
  })
})
