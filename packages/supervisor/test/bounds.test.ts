import { sleep } from '@seamark/kit'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openBounds } from '../src/bounds.ts'
import type { Cgroups } from '../src/cgroups.ts'
import { allProcesses } from '../src/process-tree.ts'
import { temporaryFolder, until } from './support/world.ts'

const looks = vi.hoisted(() => ({ count: 0, released: () => {} }))
/** A disk with so many files that to add them up never ends by itself. */
vi.mock('../src/disk-use.ts', () => ({
  diskUse: async () => {
    looks.count++
    await new Promise<void>((resolve) => (looks.released = resolve))
    return { bytes: Infinity, whole: true }
  },
}))

it('while files are added up all other limits are looked at, and one end is told', async () => {
  const none: Cgroups = { controllers: [], make: () => expect.fail('there are none'), close: () => undefined }
  const writable = [temporaryFolder()]
  const bounds = await openBounds(
    'slow',
    { diskBytes: 1, idleMs: 300 },
    { writable, promised: [] },
    {
      cgroups: () => none,
      processes: allProcesses,
    },
  )
  onTestFinished(() => bounds.close())
  const told: string[] = []
  bounds.watch(
    process.pid,
    () => undefined,
    (why) => told.push(why),
  )
  await until(() => looks.count === 1, 'files are added up')
  await until(() => told.length > 0, 'another limit is hit')
  looks.released()
  await sleep(200)
  expect(told).toEqual(['idle'])
})
