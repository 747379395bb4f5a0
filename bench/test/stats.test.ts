import { describe, expect, it } from 'vitest'
import { inTurn, median, pairedRatio } from '../src/stats.ts'

describe('median', () => {
  it('is the middle, or between the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([8, 1, 4, 2])).toBe(3)
    expect(median([])).toBeNaN()
  })
})

describe('inTurn', () => {
  it('takes pairs whose order alternates', async () => {
    const order: string[] = []
    const take = (name: string) => async () => order.push(name)
    const pairs = await inTurn(3, take('m'), take('b'))
    expect(order.join('')).toBe('mbbmmb')
    expect(pairs).toEqual({ measured: [1, 4, 5], baseline: [2, 3, 6] })
  })
})

describe('pairedRatio', () => {
  it('does not mix the measurements of different pairs', () => {
    // The machine was ten times slower during the last pair.
    expect(pairedRatio({ measured: [2, 2, 20], baseline: [1, 1, 10] })).toBe(2)
  })
})
