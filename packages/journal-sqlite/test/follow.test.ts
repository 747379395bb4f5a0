import { join } from 'node:path'
import { openLog, startChild } from '@seamark/testing'
import type { Child } from '@seamark/testing'
import { rmSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { sqliteJournal } from '../src/index.ts'
import type { SqliteStore } from '../src/index.ts'
import { reserveBytes, temporaryFolder } from './subject.ts'

let dir: string
let store: SqliteStore | undefined
let child: Child | undefined
afterEach(async () => {
  await child?.kill()
  await store?.journal.close()
  rmSync(dir, { recursive: true })
})

it('wakes a follower in another process soon after each append, and lets it sleep otherwise', async () => {
  dir = temporaryFolder()
  store = sqliteJournal({ dir, reserveBytes })
  child = startChild('--conditions=source', join(import.meta.dirname, 'follower.child.ts'), dir)
  const log = await openLog(store.journal)
  await log.append(1)
  await child.line('seen 0')
  const delays: number[] = []
  for (let seq = 1; seq < 20; seq++) {
    // Long enough for the follower to be asleep.
    await new Promise((resolve) => setTimeout(resolve, 60))
    const began = performance.now()
    await log.append(1)
    await child.line(`seen ${seq}`)
    delays.push(performance.now() - began)
  }
  const median = delays.sort((a, b) => a - b)[Math.floor(delays.length / 2)] ?? Infinity
  // The fallback looks once a second; the files' changes come much sooner.
  expect(median).toBeLessThan(200)
  child.send('cpu')
  const share = Number((await child.line('cpu')).split(' ')[1])
  expect(share).toBeLessThan(0.005)
})
