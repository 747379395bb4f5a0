import type { StorageProvider } from '@seamark/core'
import { redactionTable } from '@seamark/kit'
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { KIND_LIMITS } from '../src/kinds/reader.ts'
import { namespaceTools } from '../src/namespace-tools.ts'
import { captureOutput } from '../src/outputs.ts'
import type { Turns } from '../src/turns.ts'
import { turns } from '../src/turns.ts'
import { bytes, storage } from './attempt.ts'
import { temporary, write } from './repository.ts'

const root = temporary()
const spec = { path: 'r.xml', kind: 'junit' } as const

/** Captures a JUnit file of about so many bytes. */
function capturing(name: string, size: number, given: StorageProvider, matching: Turns, signal?: AbortSignal) {
  const workspace = join(root, name, 'workspace')
  mkdirSync(workspace, { recursive: true })
  write(workspace, { 'r.xml': `<testsuite><testcase name="a"/><!--${'a'.repeat(size)}--></testsuite>` })
  const tools = namespaceTools(join(root, name), 'ns', given, { matching })
  const about = { tools, secrets: redactionTable([]), readTime: { leftMs: KIND_LIMITS.readMs } }
  return captureOutput(workspace, spec, about, signal && { signal })
}

it.each([
  ['small', 10],
  ['spooled', 2 * 2 ** 20],
])('a %s output that a storage takes long to store keeps no turn from others', async (name, size) => {
  const asked = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow: StorageProvider = {
    ...storage,
    async put(...given) {
      asked.resolve()
      await goOn.promise
      return storage.put(...given)
    },
  }
  const turn = turns(1)
  const capture = capturing(name, size, slow, turn)
  await asked.promise
  expect(await turn(async () => 'of another')).toBe('of another')
  goOn.resolve()
  const { summary, blob } = await capture
  expect(summary).toMatchObject({ kind: 'junit', tests: 1 })
  expect(await bytes(blob)).toHaveLength(blob?.size ?? Number.NaN)
})

it('an output whose capture is aborted while it waits for a turn is closed', async () => {
  const busy = Promise.withResolvers<void>()
  const waits = Promise.withResolvers<void>()
  const stop = new AbortController()
  const turn = turns(1)
  const other = turn(() => busy.promise)
  const capture = capturing(
    'waiting',
    10,
    storage,
    (...given) => {
      const waiting = turn(...given)
      waits.resolve()
      return waiting
    },
    stop.signal,
  )
  await waits.promise
  stop.abort()
  await expect(capture).rejects.toMatchObject({ code: 'ABORTED' })
  await expect.poll(() => openFiles(join(root, 'waiting'))).toEqual([])
  busy.resolve()
  await other
})

/** What this process has open below a folder. */
function openFiles(dir: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(dir) ? [path] : []
    } catch {
      // That of the listing itself is closed by now.
      return []
    }
  })
}
