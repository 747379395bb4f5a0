import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode, systemCode } from '@seamark/kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CliContext } from '../src/command.ts'
import { paged } from '../src/pager.ts'
import { style } from '../src/style.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'seamark-pager-'))
})
afterAll(() => rm(dir, { recursive: true }))

function context(pager: string): CliContext {
  const never = () => Promise.reject(new Error('A pager needs no service.'))
  return {
    host: { serve: never, startInProcess: never, migrate: never, secrets: never },
    io: {
      out: () => Promise.reject(new Error('What is paged is not written beside the pager.')),
      lost: new AbortController().signal,
      lostFor: () => undefined,
      err: () => undefined,
      interactive: true,
      size: () => ({ columns: 80, rows: 24 }),
      style: style(false),
      errStyle: style(false),
    },
    env: { noColor: true, dumb: false, pager },
    cwd: dir,
    version: '0.0.0',
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error
    return false
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

it('ends well where the pager has ended before the next is written', async () => {
  const file = join(dir, 'pid')
  let stopped = false
  await paged(context(`echo $$ > '${file}'`), async (out) => {
    let pid = ''
    while (!pid.endsWith('\n')) pid = await readFile(file, 'utf8').catch(() => '')
    while (alive(Number(pid))) await turn()
    await out('more').catch((error: unknown) => {
      stopped = true
      throw error
    })
  })
  expect(stopped).toBe(true)
})

it('ends well where the pager goes in the middle, and stops what is still to be written', async () => {
  let written = 0
  await paged(context('head -c 1 >/dev/null'), async (out) => {
    for (;;) {
      await out('x'.repeat(100_000))
      written++
    }
  })
  expect(written).toBeLessThan(1_000)
}, 30_000)

it('says that a pager is not there, and throws what went wrong beside it', async () => {
  const missing = await paged(context(join(dir, 'no-such-pager')), async (out) => out('x')).catch((e: unknown) => e)
  expect(hasCode(missing, 'UNAVAILABLE')).toBe(true)
  const wrong = new Error('beside')
  await expect(paged(context('cat >/dev/null'), () => Promise.reject(wrong))).rejects.toBe(wrong)
})
