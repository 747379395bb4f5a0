import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Executor, Signer, Submission, Worker } from '@seamark/core'
import { memorySigner } from '@seamark/testing'
import { fakeHands, item, submission } from './harness.ts'

type Example = (worker: Worker, executor: Executor, signer: Signer, plan: Submission) => Promise<string>

it('runs the example of the README', async () => {
  const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
  const source = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  // Beside the tests, so that it resolves what they resolve.
  const folder = mkdtempSync(join(import.meta.dirname, '.example-'))
  try {
    const own = join(import.meta.dirname, '..', 'src', 'index.ts')
    writeFileSync(join(folder, 'example.ts'), source.replace("'@seamark/orchestrator'", JSON.stringify(own)))
    const { runOnce }: { runOnce: Example } = await import(join(folder, 'example.ts'))
    const { worker, executor } = fakeHands()
    await expect(runOnce(worker, executor, memorySigner(), submission('r1', [item('a')]))).resolves.toBe('succeeded')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
