import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processExecutor } from '@seamark/executor-process'
import { memoryStorage } from '@seamark/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { startJobs } from '../src/jobs.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-embed-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const plan = (run: string) => JSON.stringify({ version: 1, name: 'greet', items: [{ id: 'greet', run }] })

describe('a service that embeds the engine', () => {
  it('runs a plan on its own executor, with products in its own storage, and goes on after a restart', async () => {
    const storage = memoryStorage()
    const executor = processExecutor({ dir: join(dir, 'supervisor') })
    try {
      const first = await startJobs(dir, storage, executor)
      const run = await first.submit(plan('echo hello > hello.txt'), 'anna')
      await expect(first.done(run)).resolves.toBe('succeeded')
      const failed = await first.submit(plan('exit 3'), 'anna')
      await expect(first.done(failed)).resolves.toBe('failed')
      await first.stop()

      const again = await startJobs(dir, storage, executor)
      const rows = await again.list()
      // The newest first.
      expect(rows.map(({ run: id, status, submittedBy }) => [id, status, submittedBy])).toEqual([
        [failed, 'failed', 'local:anna'],
        [run, 'succeeded', 'local:anna'],
      ])
      await expect(again.submit('{"version":1,"items":[{"id":"../x","run":"true"}]}', 'anna')).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        problems: [{ place: { pointer: '/items/0/id' } }],
      })
      await again.stop()
      const stored: string[] = []
      for await (const { key } of storage.list('')) stored.push(key)
      expect(stored.length).toBeGreaterThan(0)
    } finally {
      await executor.close?.()
    }
  })

  it('takes fewer than 60 lines', () => {
    const text = readFileSync(join(import.meta.dirname, '../src/jobs.ts'), 'utf8')
    expect(text.split('\n').length - 1).toBeLessThan(60)
  })
})
