import type { AgentEvent, AttemptFact, Exit, RuntimeAdapter } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { executor, item, options, task } from './attempt.ts'

const EXITED: Exit = { reason: 'exited', code: 0, startedAt: 1, endedAt: 2, outputBytes: 0 }
const denial = (tool: string, reason = 'policy'): AgentEvent => ({ type: 'denial', tool, reason })
const done: AgentEvent = { type: 'turn-end', completed: true, reason: 'done' }

/** A runtime that sees these events, from the state after the last one that was taken. */
function scripted(events: readonly AgentEvent[]): RuntimeAdapter {
  return {
    ...command(),
    name: 'scripted',
    async *drive(_access, _task, state) {
      const from = typeof state === 'number' ? state : 0
      for (const [at, event] of events.entries()) if (at >= from) yield { event, state: at + 1 }
    },
  }
}

async function setting(events: readonly AgentEvent[]) {
  const worker = localWorker({ ...options, runtimes: [scripted(events)] })
  const step = await task({ item: item('true', { runtime: 'scripted', keepWorkspace: false }) })
  const facts: AttemptFact[] = []
  let fails = 0
  const port = {
    async note(noted: readonly AttemptFact[]) {
      if (fails-- > 0) throw new SeamError('UNAVAILABLE', 'the log is away')
      facts.push(...noted)
    },
  }
  await executor.run(step.launchId, await worker.prepare(step, executor))
  return { worker, step, facts, port, failNext: (times: number) => void (fails = times) }
}

describe('a denied tool', () => {
  it('becomes a record, once, in its order', async () => {
    const { worker, step, facts, port } = await setting([
      denial('Bash', 'git push'),
      denial('Web'),
      denial('Bash'),
      done,
    ])
    await worker.follow(step, executor, Promise.resolve(EXITED), { port })
    const report = await worker.capture(step, executor, EXITED, { port })
    expect(report.activity).toMatchObject({ turns: 0, calls: 0, allowed: 0, denied: 3, nudges: 0 })
    expect(facts).toEqual([
      { kind: 'tool.denied', data: { tool: 'Bash', reason: 'git push', index: 0 } },
      { kind: 'tool.denied', data: { tool: 'Web', reason: 'policy', index: 1 } },
      { kind: 'tool.denied', data: { tool: 'Bash', reason: 'policy', index: 2 } },
    ])
  })

  it('that could not be recorded is recorded later, under the same number', async () => {
    const { worker, step, facts, port, failNext } = await setting([denial('a'), denial('b'), done])
    failNext(1)
    await expect(worker.follow(step, executor, Promise.resolve(EXITED), { port })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(facts).toEqual([])
    await worker.capture(step, executor, EXITED, { port })
    expect(facts.map(({ data }) => data)).toMatchObject([
      { tool: 'a', index: 0 },
      { tool: 'b', index: 1 },
    ])
  })

  it('has the same number after a restart', async () => {
    const events = [denial('a'), denial('b'), done]
    const { worker, step, facts, port } = await setting(events)
    await worker.follow(step, executor, Promise.resolve(EXITED), { port })
    const later = localWorker({ ...options, runtimes: [scripted(events)] })
    await later.capture(step, executor, EXITED, { port })
    expect(facts.map(({ data }) => ('index' in data ? data.index : undefined))).toEqual([0, 1, 0, 1])
  })

  it('that can be recorded nowhere fails what it was seen by', async () => {
    const { worker, step } = await setting([denial('a'), done])
    await expect(worker.capture(step, executor, EXITED)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('is made to fit a record, whatever a program calls it', async () => {
    const { worker, step, facts, port } = await setting([denial('', '\ud800'.repeat(3)), denial('x'.repeat(900)), done])
    await worker.capture(step, executor, EXITED, { port })
    expect(facts.map(({ data }) => data)).toMatchObject([
      { tool: 'unknown', reason: '\ufffd'.repeat(3) },
      { tool: 'x'.repeat(200) },
    ])
  })

  it('fills no log: a step with too many fails', async () => {
    const many = Array.from({ length: 1_500 }, (_, n) => denial(`t${n}`))
    const { worker, step, facts, port } = await setting([...many, done])
    const { verdict } = await worker.capture(step, executor, EXITED, { port })
    expect(facts).toHaveLength(1_000)
    expect(verdict).toEqual({ outcome: 'failed', reason: 'limit', detail: 'denied tools' })
  })
})
