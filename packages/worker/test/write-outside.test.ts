import type { ItemSpec } from '@seamark/core'
import { expect, it } from 'vitest'
import { bytes, executor, item, task, worker } from './attempt.ts'

const policy: NonNullable<ItemSpec['policy']> = {
  policy: { filesystem: { write: ['src/**', 'a.txt'] } },
  digest: '0'.repeat(64),
}

/** An attempt in a sandbox with a hole: nothing holds its writes, and only its capture knows where it may write. */
async function played(run: string) {
  const open = await task({ item: item(`mkdir src; ${run}`) })
  const exit = await executor.run(open.launchId, await worker.prepare(open, executor))
  return worker.capture({ ...open, item: item(run, { policy }) }, executor, exit)
}

it.each([
  ['a new file', 'echo leaked > other.txt', 'other.txt'],
  ['a changed file', 'echo leaked >> package.json', 'package.json'],
  ['a removed file', 'rm package.json', 'package.json'],
  ['a file that only begins as a folder does', 'echo leaked > src2', 'src2'],
  ['a file in the place of a folder', 'rm -r src; echo leaked > src', 'src'],
  ['another file in the same case but one', 'echo leaked > A.txt', 'A.txt'],
  [
    'a file below a folder that links there',
    'mkdir -p deep; ln -s ../deep src/link; echo leaked > src/link/x',
    'deep/x',
  ],
])('fails an attempt that left %s outside, and stores no patch', async (_what, run, path) => {
  const { verdict, product } = await played(`echo fine > src/fine.txt; ${run}`)
  expect(verdict).toEqual({ outcome: 'failed', reason: 'write-outside', detail: path })
  expect(product?.patch).toBeUndefined()
})

it('has a patch of what is inside alone', async () => {
  const { verdict, product } = await played('echo fine > src/fine.txt; echo two >> a.txt')
  expect(verdict).toMatchObject({ outcome: 'succeeded' })
  expect(product?.patch?.files).toBe(2)
  expect(await bytes(product?.patch)).toContain('src/fine.txt')
})

it('keeps why an attempt failed before that, and stores no patch all the same', async () => {
  const { verdict, product } = await played('echo leaked > other.txt; exit 3')
  expect(verdict).toMatchObject({ outcome: 'failed', reason: 'exit-code', detail: '3' })
  expect(product?.patch).toBeUndefined()
})
