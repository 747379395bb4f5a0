import type { AttemptFact, Executor, Json, RuntimeAdapter } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { command } from '@seamark/runtime-command'
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { attempts, EXITED, executor, item, options, task } from './attempt.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** Asks for one tool and answers, then says more: `state` counts what was told. */
function asking(seen: { prompt?: string | undefined; tools?: unknown } = {}): RuntimeAdapter {
  return {
    ...command(),
    name: 'asking',
    guarantees: { interactive: false, takes: 'prompt', tools: 'asked' },
    async prepare(given) {
      Object.assign(seen, { prompt: given.prompt, tools: given.tools, model: given.model, effort: given.effort })
      return { argv: ['true'], env: {}, files: [], stdin: 'none' }
    },
    async *drive(access, given, state: Json | undefined) {
      Object.assign(seen, { driven: given.prompt })
      await access.write(bytes('ask\n'), 0, 0)
      if (state === undefined) yield { event: { type: 'allowance', tool: 'Bash', reason: 'listed' }, state: 1 }
      await access.write(bytes('yes\n'), 4, 0)
      yield { event: { type: 'turn-end', completed: true, reason: 'done' }, state: 2 }
    },
  }
}

function sending(fail: (text: string) => boolean = () => false): Executor & { readonly sent: string[] } {
  const sent: string[] = []
  return {
    ...executor,
    sent,
    async send(_launchId, chunk) {
      const text = Buffer.from(chunk).toString()
      if (fail(text)) throw new SeamError('UNAVAILABLE', 'The executor is away.')
      sent.push(text)
    },
  }
}

async function setting(more: Parameters<typeof item>[1] = {}, fails?: (text: string) => boolean) {
  const seen: Record<string, unknown> = {}
  const runtimes = [asking(seen)]
  const fresh = () => localWorker({ ...options, runtimes })
  const step = await task({ item: item('', { runtime: 'asking', keepWorkspace: false, prompt: 'do it', ...more }) })
  const host = sending(fails)
  const facts: AttemptFact[] = []
  const port = { note: async (noted: readonly AttemptFact[]) => void facts.push(...noted) }
  return { seen, fresh, step, host, facts, port, written: join(attempts, step.launchId, 'written') }
}

describe('a program that is written to', () => {
  it('gets each byte once, also from a service after this one', async () => {
    const { fresh, step, host, port } = await setting()
    const worker = fresh()
    await worker.prepare(step, host)
    await worker.follow(step, host, Promise.resolve(EXITED), { port })
    await fresh().follow(step, host, Promise.resolve(EXITED), { port })
    expect(host.sent).toEqual(['ask\n', 'yes\n'])
  })

  it('is told that it may use a tool only when that is a record', async () => {
    const { fresh, step, host, facts } = await setting()
    const worker = fresh()
    await worker.prepare(step, host)
    const sentThen: string[][] = []
    const port = {
      async note(noted: readonly AttemptFact[]) {
        sentThen.push([...host.sent])
        facts.push(...noted)
      },
    }
    await worker.follow(step, host, Promise.resolve(EXITED), { port })
    expect(sentThen).toEqual([['ask\n']])
    expect(facts).toEqual([{ kind: 'tool.allowed', data: { tool: 'Bash', reason: 'listed', index: 0 } }])
  })

  it('is not written to again where nobody knows what it has', async () => {
    const { fresh, step, host, port, written } = await setting()
    const worker = fresh()
    await worker.prepare(step, host)
    appendFileSync(written, 'begun 4\n')
    await expect(worker.follow(step, host, Promise.resolve(EXITED), { port })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    expect(host.sent).toEqual([])
  })

  it('takes a note that was cut off for none', async () => {
    const { fresh, step, host, port, written } = await setting()
    const worker = fresh()
    await worker.prepare(step, host)
    appendFileSync(written, 'begun 4\ndone 4\nbegun 8')
    await worker.follow(step, host, Promise.resolve(EXITED), { port })
    expect(host.sent).toEqual(['yes\n'])
    rmSync(written)
  })

  it('is written to from the start after it is prepared again', async () => {
    const { fresh, step, host, port, written } = await setting()
    for (let time = 0; time < 2; time++) {
      const worker = fresh()
      await worker.prepare(step, host)
      expect(existsSync(written)).toBe(false)
      await worker.follow(step, host, Promise.resolve(EXITED), { port })
    }
    expect(host.sent).toEqual(['ask\n', 'yes\n', 'ask\n', 'yes\n'])
    expect(readFileSync(written, 'utf8')).toContain('done 8\n')
  })
})

describe('a prompt', () => {
  it('comes with the model, the effort and what the policy says of commands', async () => {
    const policy = { policy: { tools: { shell: ['git *'] } }, digest: 'd' }
    const { fresh, step, host, seen } = await setting({ model: 'm', effort: 'high', policy })
    await fresh().prepare(step, host)
    expect(seen).toEqual({ prompt: 'do it', model: 'm', effort: 'high', tools: { shell: ['git *'] } })
  })

  it('that is a file is read from the base, and stays the same whatever the attempt writes', async () => {
    const { fresh, step, host, seen, port } = await setting({ prompt: { file: 'a.txt' } })
    const worker = fresh()
    await worker.prepare(step, host)
    appendFileSync(join(attempts, step.launchId, 'workspace', 'a.txt'), 'and more')
    await fresh().follow(step, host, Promise.resolve(EXITED), { port })
    expect(seen).toMatchObject({ prompt: 'one\n', driven: 'one\n' })
  })

  it.each(['none.txt', 'test', 'a.txt/b'])('that is not the file %s of the base is refused', async (file) => {
    const { fresh, step, host } = await setting({ prompt: { file } })
    await expect(fresh().prepare(step, host)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
