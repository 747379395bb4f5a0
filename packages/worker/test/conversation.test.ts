import type {
  AgentEvent,
  AttemptFact,
  Exit,
  KeptConversation,
  LaunchSpec,
  RuntimeAdapter,
  RuntimeTask,
} from '@seamark/core'
import { blobKey } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { executor, item, options, storage, task } from './attempt.ts'
import { collect, refusal } from './repository.ts'

const EXITED: Exit = { reason: 'exited', code: 0, startedAt: 1, endedAt: 2, outputBytes: 0 }
const BEGUN: AgentEvent = { type: 'conversation', id: 'c-1', resumed: false }
const ASKED: readonly AgentEvent[] = [
  BEGUN,
  { type: 'question', id: 'q-1', text: 'Which one?' },
  { type: 'turn-end', completed: false, reason: 'question' },
]

/** A runtime that keeps a folder and a file, and sees these events; what it was given is in `given`. */
function talking(events: readonly AgentEvent[], given: RuntimeTask[] = []): RuntimeAdapter {
  const plain = command()
  return {
    ...plain,
    name: 'talking',
    guarantees: { ...plain.guarantees, takes: 'prompt' },
    async prepare(step) {
      given.push(step)
      return { argv: ['true'], env: {}, files: [], stdin: 'none', keeps: ['.agent/talks', '.agent.json'] }
    },
    async *drive() {
      for (const event of events) yield { event, state: null }
    },
  }
}

const asks = item('', { runtime: 'talking', prompt: 'Do it.' })

const homeOf = ({ mounts }: LaunchSpec) => mounts.find(({ source }) => source.endsWith('/home'))?.source ?? ''

/** Leaves what `leave` writes into the home, and captures it. */
async function leaves(leave: (home: string) => void, events = ASKED) {
  const worker = localWorker({ ...options, runtimes: [talking(events)] })
  const step = await task({ item: asks })
  const spec = await worker.prepare(step, executor)
  leave(homeOf(spec))
  await executor.run(step.launchId, spec)
  const facts: AttemptFact[] = []
  const port = { note: async (noted: readonly AttemptFact[]) => void facts.push(...noted) }
  const report = await worker.capture(step, executor, EXITED, { port })
  await worker.release(step)
  return { report, facts }
}

/** The home of a next attempt, and what its runtime was given. */
async function goesOn(
  conversation: KeptConversation,
  answer?: { question: { id: string; text: string }; text: string },
) {
  const given: RuntimeTask[] = []
  const worker = localWorker({ ...options, runtimes: [talking([], given)] })
  const step = await task({ item: asks, attempt: 2, conversation, ...(answer && { answer }) })
  return { home: homeOf(await worker.prepare(step, executor)), given: given[0] }
}

describe('a conversation', () => {
  it('is kept with its files, and given back to a later attempt with the answer', async () => {
    const { report, facts } = await leaves((home) => {
      mkdirSync(join(home, '.agent/talks/deep'), { recursive: true })
      writeFileSync(join(home, '.agent/talks/deep/c-1.jsonl'), 'said\n')
      writeFileSync(join(home, '.agent.json'), '{}')
      writeFileSync(join(home, '.agent/credentials'), 'not to be kept')
      writeFileSync(join(home, 'other'), 'not to be kept')
    })
    expect(report.verdict).toEqual({
      outcome: 'parked',
      reason: 'input',
      question: { id: 'q-1', text: 'Which one?' },
    })
    expect(facts).toEqual([{ kind: 'conversation.begun', data: { id: 'c-1', resumed: false } }])
    const { conversation } = report
    expect(conversation).toMatchObject({ id: 'c-1', state: { size: expect.any(Number) } })
    const answer = { question: { id: 'q-1', text: 'Which one?' }, text: 'The second.' }
    const { home, given } = await goesOn(conversation ?? { id: '' }, answer)
    expect(readFileSync(join(home, '.agent/talks/deep/c-1.jsonl'), 'utf8')).toBe('said\n')
    expect(readFileSync(join(home, '.agent.json'), 'utf8')).toBe('{}')
    expect(existsSync(join(home, '.agent/credentials')) || existsSync(join(home, 'other'))).toBe(false)
    expect(given?.resume).toEqual({ id: 'c-1', answer })
    expect(given?.prompt).toBe('Do it.')
  })

  it('that is gone is told again what was asked and answered', async () => {
    const given: RuntimeTask[] = []
    const worker = localWorker({ ...options, runtimes: [talking([], given)] })
    const answer = { question: { id: 'q-1', text: 'Which one?' }, text: 'The second.' }
    await worker.prepare(await task({ item: asks, attempt: 2, answer }), executor)
    expect(given[0]?.resume).toBeUndefined()
    expect(given[0]?.prompt).toMatch(/^Do it\.[^]*Which one\?[^]*The second\./)
  })

  it('leads no later attempt out of its home, and closes nothing to it', async () => {
    const { report } = await leaves((home) => {
      symlinkSync('/etc', join(home, '.agent.json'))
      mkdirSync(join(home, '.agent/talks'), { recursive: true })
      symlinkSync('/etc/passwd', join(home, '.agent/talks/link'))
      writeFileSync(join(home, '.agent/talks/shut'), 'said')
      chmodSync(join(home, '.agent/talks/shut'), 0)
      chmodSync(join(home, '.agent/talks'), 0o500)
    })
    const { home } = await goesOn(report.conversation ?? { id: '' })
    expect(existsSync(join(home, '.agent.json'))).toBe(false)
    expect(existsSync(join(home, '.agent/talks/link'))).toBe(false)
    writeFileSync(join(home, '.agent/talks/shut'), 'said more')
    const way = await leaves((dir) => symlinkSync('/etc', join(dir, '.agent')))
    expect(existsSync(join((await goesOn(way.report.conversation ?? { id: '' })).home, '.agent'))).toBe(false)
  })

  it('of what succeeded is not kept, and one without files has none', async () => {
    const done = await leaves(() => undefined, [BEGUN, { type: 'turn-end', completed: true, reason: 'done' }])
    expect(done.report.conversation).toBeUndefined()
    const silent = await leaves(() => undefined, [{ type: 'turn-end', completed: false, reason: 'rate-limit' }])
    expect(silent.report.verdict.outcome).toBe('parked')
    expect(silent.report.conversation).toBeUndefined()
  })

  it('has a name that fits a record, whatever its program says', async () => {
    const odd: AgentEvent = { type: 'conversation', id: `${'x'.repeat(500)}\uD800`, resumed: false }
    const { report, facts } = await leaves(() => undefined, [odd, ...ASKED.slice(1)])
    expect(report.conversation?.id).toBe('x'.repeat(200))
    expect(facts).toEqual([{ kind: 'conversation.begun', data: { id: 'x'.repeat(200), resumed: false } }])
  })

  it('that is not what was stored is refused', async () => {
    const { report } = await leaves((home) => writeFileSync(join(home, '.agent.json'), 'said'))
    const { conversation } = report
    const key = blobKey('ns', conversation?.state?.sha256 ?? '')
    const stored = await collect((await storage.get(key))?.body ?? Readable.from([]))
    const changed = Buffer.from(stored.toString('latin1').replace('said', 'lied'), 'latin1')
    await storage.put(key, changed)
    expect((await refusal(goesOn(conversation ?? { id: '' }))).code).toBe('INTEGRITY')
  })
})
