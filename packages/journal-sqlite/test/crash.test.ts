import { join } from 'node:path'
import { requireWhole, startChild } from '@seamark/testing'
import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { sqliteJournal } from '../src/index.ts'
import { reserveBytes, temporaryFolder } from './subject.ts'

const kills = 30

describe('kill -9 while appending', () => {
  it(`loses nothing that was acknowledged, at ${kills} random instants`, { timeout: 120_000 }, async () => {
    const dir = temporaryFolder()
    let next = startChild('--conditions=source', join(import.meta.dirname, 'appender.child.ts'), dir)
    let size = 0
    try {
      for (let kill = 0; kill < kills; kill++) {
        const child = next
        await child.line('ready')
        child.send('go')
        // The next one gets ready meanwhile; it touches nothing before it is told to.
        next = startChild('--conditions=source', join(import.meta.dirname, 'appender.child.ts'), dir)
        if (kill % 3 > 0) await child.line('acknowledged')
        await setTimeout(Math.random() * 40)
        await child.kill()
        const newest = (word: string): number =>
          Number(child.lines.findLast((line) => line.startsWith(word))?.split(' ')[1] ?? 0)

        const store = sqliteJournal({ dir, reserveBytes })
        const lease = await store.journal.acquire('default', 'after the crash')
        const found = await requireWhole(store)
        expect(found.size).toBeGreaterThanOrEqual(Math.max(size, newest('acknowledged')))
        expect(found.checkpoint?.size ?? 0).toBeGreaterThanOrEqual(newest('checkpoint'))
        size = found.size
        await lease.release()
        await store.journal.close()
      }
    } finally {
      await next.kill()
      rmSync(dir, { recursive: true })
    }
    expect(size).toBeGreaterThan(kills)
  })
})
