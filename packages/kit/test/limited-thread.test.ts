import { afterEach, describe, expect, it } from 'vitest'
import { limitedThread } from '../src/index.ts'

const started = new Set<{ end(): Promise<void> }>()
function thread() {
  const made = limitedThread<string, string>({
    beside: import.meta.url,
    file: 'hungry.child',
    heapMiB: 32,
    doing: 'Eating',
  })
  started.add(made)
  return made
}
afterEach(async () => {
  for (const one of started) await one.end()
  started.clear()
})

describe('a limited thread', () => {
  it('answers each question', async () => {
    const asked = thread()
    for (let n = 0; n < 3; n++) expect(await asked.ask('answers', { timeoutMs: 30_000 })).toBe('here')
  })

  it('ends alone where it takes all memory, however often, and says so each time that it is asked', async () => {
    for (let n = 0; n < 3; n++) {
      const asked = thread()
      for (const question of ['eats', 'answers'])
        await expect(asked.ask(question, { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    }
  }, 120_000)

  it('that never ends, or leaves, is an error; its end is its end', async () => {
    const asked = thread()
    await expect(asked.ask('sleeps', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await asked.end()
    await expect(asked.ask('answers', { timeoutMs: 30_000 })).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(thread().ask('leaves', { timeoutMs: 30_000 })).rejects.toMatchObject({ code: 'INTERNAL' })
    const signal = AbortSignal.timeout(20)
    await expect(thread().ask('sleeps', { timeoutMs: 30_000, signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
