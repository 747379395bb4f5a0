import fc from 'fast-check'
import { instantItem } from '@seamark/testing'
import { expect, it } from 'vitest'
import { newItem } from '../src/fold-items.ts'
import { loadItems, saveItems } from '../src/saved-items.ts'
import type { Item } from '../src/state.ts'

const retries = { max: 2, minDelayMs: 1, maxDelayMs: 2 }
const noEnv = {}

/** What is shared between items in memory, what is equal without being the same, and what only some have. */
const spec = fc.record({
  run: fc.constantFrom('true', 'false'),
  priority: fc.constantFrom(0, 1),
  env: fc.constantFrom(noEnv, { A: '1' }),
  needs: fc.constantFrom([], [{ from: 0 }]),
  retries: fc.constantFrom(retries, { ...retries }),
})
const some = fc.record(
  {
    input: fc.constantFrom({ a: 1 }, {}),
    patch: fc.constant('required' as const),
    budget: fc.constantFrom({ tokens: 1 }, { nanoUsd: 2 }),
    policy: fc.constantFrom(...['a', 'b'].map((digest) => ({ policy: {}, digest }))),
  },
  { requiredKeys: [] },
)
const rest = fc.record(
  {
    phase: fc.constantFrom('pending', 'queued', 'settled'),
    reason: fc.constantFrom('completed', ''),
    unmet: fc.nat(2),
    dependents: fc.constantFrom<number[]>([], [1, 2]),
    ticket: fc.nat(3),
    canceling: fc.constantFrom(false as const, 'requested' as const, 'parent' as const),
    startedAt: fc.nat(),
  },
  { requiredKeys: [] },
)

it('what is saved of items gives the same items, whatever they share', () => {
  const made = fc.array(fc.tuple(spec, some, rest), { maxLength: 6 }).map((all) =>
    all.map(([own, optional, more], index): Item => {
      const id = `i${index}`
      const whole = { ...instantItem(id), ...own, ...optional }
      return { ...newItem(index, id, whole), ...more }
    }),
  )
  fc.assert(
    fc.property(made, (items) => {
      expect(loadItems(JSON.parse(JSON.stringify(saveItems(items))))).toEqual(items)
    }),
    { numRuns: 500 },
  )
})

it('an item that is like the one before it and has only begun to wait takes little', () => {
  const like = instantItem('like')
  const items = Array.from({ length: 100 }, (_, index): Item => {
    const id = `i${index}`
    return { ...newItem(index, id, { ...like, id }), phase: 'queued', ticket: index, rank: index }
  })
  expect(JSON.stringify(saveItems(items)).length).toBeLessThan(JSON.stringify(items).length / 4)
})
