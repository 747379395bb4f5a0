import { cpSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from '@seamark/kit'
import { openLog, requireWhole } from '@seamark/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sqliteJournal } from '../src/index.ts'
import { temporaryFolder } from './subject.ts'

let template: string
const boundaries: number[] = [0]
let checkpointed = 0

/** Files as a kill leaves them: much in the WAL, some in the database. */
beforeAll(async () => {
  const dir = temporaryFolder()
  const store = sqliteJournal({ dir, reserveBytes: 0 })
  const log = await openLog(store.journal)
  for (let round = 0; round < 40; round++) {
    await log.append(1 + ((round * 11) % 30))
    boundaries.push(log.frontier.size)
    if (round === 24) {
      await store.journal.commitCheckpoint(log.lease, log.checkpoint())
      checkpointed = log.frontier.size
    }
    // A purge brings everything into the database; the rest stays in the WAL.
    if (round === 9) await store.journal.purge(log.lease, [])
  }
  template = temporaryFolder()
  cpSync(dir, template, { recursive: true })
  await store.journal.close()
  rmSync(dir, { recursive: true })
})
afterAll(() => rmSync(template, { recursive: true }))

/** Damages a copy, opens it and looks: whole up to a commit not behind the checkpoint, or refused. */
async function survives(file: string, damage: (path: string) => void): Promise<'whole' | 'refused'> {
  const dir = temporaryFolder()
  cpSync(template, dir, { recursive: true })
  damage(join(dir, 'default', file))
  const store = sqliteJournal({ dir, reserveBytes: 0 })
  try {
    await store.journal.acquire('default', 'after the damage')
    const { size } = await requireWhole(store)
    expect(boundaries).toContain(size)
    expect(size).toBeGreaterThanOrEqual(checkpointed)
    return 'whole'
  } catch (error) {
    if (hasCode(error, 'INTEGRITY')) return 'refused'
    throw error
  } finally {
    await store.journal.close()
    rmSync(dir, { recursive: true })
  }
}

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

const flip = (at: number, mask: number) => (path: string) => {
  const bytes = readFileSync(path)
  const offset = Math.floor(at * bytes.length)
  bytes[offset] = (bytes[offset] ?? 0) ^ mask
  writeFileSync(path, bytes)
}

describe('a torn write-ahead log', () => {
  it('opens at a whole commit that is not behind the checkpoint, or is refused', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(share, async (at) => {
        seen.add(await survives('journal.db-wal', (path) => truncateSync(path, Math.floor(at * statSync(path).size))))
      }),
      { numRuns: 40 },
    )
    // Both happen: the checkpoint is in the middle of the WAL.
    expect([...seen].sort()).toEqual(['refused', 'whole'])
  })

  it('with a flipped bit, too', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(share, fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        seen.add(await survives('journal.db-wal', flip(at, 1 << bit)))
      }),
      { numRuns: 40 },
    )
    expect([...seen].sort()).toEqual(['refused', 'whole'])
  })

  it('that is gone is refused', async () => {
    expect(await survives('journal.db-wal', (path) => rmSync(path))).toBe('refused')
  })
})

describe('a damaged database', () => {
  it('never yields other data than was written: whole, refused, or INTEGRITY where it is read', async () => {
    await fc.assert(
      fc.asyncProperty(share, fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        expect(['whole', 'refused']).toContain(await survives('journal.db', flip(at, mask)))
      }),
      { numRuns: 40 },
    )
  })

  it('that was cut is refused', async () => {
    await fc.assert(
      fc.asyncProperty(share, async (at) => {
        const cut = (path: string): void => truncateSync(path, Math.floor(at * statSync(path).size))
        expect(['whole', 'refused']).toContain(await survives('journal.db', cut))
      }),
      { numRuns: 20 },
    )
  })
})
