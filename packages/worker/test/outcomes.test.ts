import type { AgentEvent, Exit, StepVerdict } from '@seamark/core'
import { EXIT_REASONS, reasonWords } from '@seamark/kit'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judge, see, UNSEEN, weigh } from '../src/judge.ts'
import type { Shown } from '../src/judge.ts'

interface Vector {
  readonly name: string
  readonly exit: Pick<Exit, 'reason' | 'code' | 'signal' | 'detail'>
  readonly events: readonly AgentEvent[]
  readonly shown: Shown
  readonly verdict: StepVerdict
}

const path = new URL('../../../vectors/outcomes/outcomes.json', import.meta.url)
const { cases }: { readonly cases: readonly Vector[] } = JSON.parse(readFileSync(path, 'utf8'))
const times = { startedAt: 1, endedAt: 2, outputBytes: 0 }

describe('the outcome of an attempt', () => {
  it.each(cases)('$name', ({ exit, events, shown, verdict }) => {
    const seen = events.reduce(see, UNSEEN)
    expect(weigh(judge({ ...exit, ...times }, seen), seen, shown)).toEqual(verdict)
  })

  it('has a reason that a person understands, unless it is a word of a runtime', () => {
    const mute = cases.filter(({ verdict: { reason } }) => reason !== 'completed' && reasonWords(reason) === reason)
    expect(new Set(mute.map(({ verdict }) => verdict.reason))).toEqual(new Set(['max-turns']))
  })

  it('is no success for any end that is none, whatever the program said', () => {
    const done: AgentEvent = { type: 'turn-end', completed: true, reason: 'done' }
    const seen = see(UNSEEN, done)
    for (const reason of EXIT_REASONS.filter((reason) => reason !== 'exited'))
      expect(judge({ reason, code: 0, ...times }, seen).outcome).not.toBe('succeeded')
  })

  it('keeps a bounded number of denied tools', () => {
    const events = Array.from({ length: 10_000 }, (_, i): AgentEvent => ({
      type: 'denial',
      tool: `tool-${i}`,
      reason: 'policy',
    }))
    expect(events.reduce(see, UNSEEN).denied).toHaveLength(20)
  })
})
