import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ItemSpec } from '@seamark/core'
import { canonicalText, LIMITS } from '@seamark/log'
import { chunkItems } from '../src/commands.ts'
import { item } from './harness.ts'

const salt = () => new Uint8Array(32)

function plain(items: readonly ItemSpec[]) {
  const chunks = chunkItems(items, salt)
  const specs: unknown[] = chunks.flatMap(({ payload }) => JSON.parse(Buffer.from(payload.bytes).toString('utf8')))
  return { chunks, specs }
}

describe('chunks of items', () => {
  it('hold every item once, in order, within the limits of a record', () => {
    const spec = fc.record({ run: fc.string({ maxLength: 20_000, unit: 'grapheme' }), needs: fc.nat(900) })
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 120 }), (given) => {
        const items = given.map(({ run, needs }, index) =>
          item(`i${index}`, { run, needs: Array.from({ length: needs }, (_, from) => ({ from: 90_000 + from })) }),
        )
        const { chunks, specs } = plain(items)
        expect(specs).toEqual(items)
        expect(chunks.flatMap((chunk) => chunk.items.map(([index, id]) => [index, id]))).toEqual(
          items.map(({ id }, index) => [index, id]),
        )
        for (const { items: entries, payload } of chunks) {
          expect(canonicalText(entries).length).toBeLessThan(LIMITS.headerBytes - 5_000)
          expect(payload.bytes.length).toBeLessThan(LIMITS.payloadBytes)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('are few for many small items', () => {
    const items = Array.from({ length: 100_000 }, (_, index) =>
      item(`item-${index}`, index === 0 ? {} : { needs: [{ from: index - 1 }] }),
    )
    expect(plain(items).chunks.length).toBeLessThan(100)
  })
})
