import type { LockSpec } from '@seamark/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lockTable, lockText } from '../src/locks.ts'
import { overlap } from './simulation/invariants.ts'

const path = fc.constantFrom('a', 'a/b', 'a/b/c', 'ab', 'd')
const lock: fc.Arbitrary<LockSpec> = fc.oneof(
  path.map((value): LockSpec => ({ type: 'path', path: value })),
  fc.oneof(path, fc.constant('')).map((value): LockSpec => ({ type: 'tree', path: value })),
  fc.constantFrom('x', 'y').map((name): LockSpec => ({ type: 'name', name })),
)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.array(lock, { maxLength: 4 }).map((locks) => ({ locks })) },
  { weight: 2, arbitrary: fc.nat(20).map((release) => ({ release })) },
)

interface Asked {
  readonly owner: string
  readonly locks: readonly LockSpec[]
}

const clash = (a: Asked, b: Asked) => a.locks.some((one) => b.locks.some((other) => overlap(one, other)))

describe('the lock table', () => {
  it('grants exactly what no earlier live request overlaps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = lockTable()
        const live: Asked[] = []
        const granted = new Set<string>()
        let tickets = 0
        const take = (owners: readonly string[]) => {
          for (const owner of owners) {
            expect(granted.has(owner)).toBe(false)
            granted.add(owner)
          }
        }
        for (const each of steps) {
          if ('locks' in each) {
            const owner = `o${tickets}`
            live.push({ owner, locks: each.locks })
            take(table.request(owner, tickets++, 'repo', each.locks))
          } else {
            const [gone] = live.splice(each.release % Math.max(1, live.length), 1)
            if (gone === undefined) continue
            granted.delete(gone.owner)
            take(table.release(gone.owner))
          }
          // The table is at least as strict as the definition, and differs only where an item locks
          // a path and something below it, which it then holds as a whole tree.
          for (const [index, asked] of live.entries()) {
            const before = live.slice(0, index)
            if (before.some((other) => clash(asked, other))) expect(granted.has(asked.owner)).toBe(false)
            const widened = (of: Asked): Asked => ({
              ...of,
              locks: of.locks.map((one) =>
                one.type === 'path' &&
                of.locks.some((other) => other.type !== 'name' && other.path.startsWith(`${one.path}/`))
                  ? { type: 'tree', path: one.path }
                  : one,
              ),
            })
            if (!before.some((other) => clash(widened(asked), widened(other))))
              expect(granted.has(asked.owner)).toBe(true)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('scopes path locks and not named ones', () => {
    const table = lockTable()
    const all: LockSpec[] = [{ type: 'tree', path: '' }]
    expect(table.request('a', 1, 'one', all)).toEqual(['a'])
    expect(table.request('b', 2, 'two', all)).toEqual(['b'])
    expect(table.request('c', 3, 'one', [{ type: 'name', name: 'deploy' }])).toEqual(['c'])
    expect(table.request('d', 4, 'two', [{ type: 'name', name: 'deploy' }])).toEqual([])
    expect(table.blocker('d')).toEqual({ lock: { type: 'name', name: 'deploy' }, heldBy: 'c' })
    expect(table.release('c')).toEqual(['d'])
  })

  it('serves ten thousand waiters of one lock in order, at constant cost', () => {
    const table = lockTable()
    const one: LockSpec[] = [{ type: 'tree', path: 'src' }]
    const count = 10_000
    for (let n = 0; n < count; n++) table.request(`o${n}`, n, 'repo', one)
    for (let n = 0; n < count; n++) expect(table.release(`o${n}`)).toEqual(n + 1 < count ? [`o${n + 1}`] : [])
    expect(table.blocker('o1')).toBeUndefined()
  })

  it('writes locks as people do', () => {
    expect(
      [
        { type: 'tree', path: '' },
        { type: 'tree', path: 'a' },
        { type: 'path', path: 'a' },
        { type: 'name', name: 'x' },
      ].map((each) => lockText(each as LockSpec)),
    ).toEqual(['**', 'a/**', 'a', 'name:x'])
  })
})
