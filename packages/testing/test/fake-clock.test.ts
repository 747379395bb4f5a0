import { describe, expect, it } from 'vitest'
import { fakeClock, faultInjector } from '../src/index.ts'

describe('a fake clock', () => {
  it('moves only when it is told to, and calls what is due at its own time', () => {
    const clock = fakeClock(1_000)
    const seen: [string, number][] = []
    const note = (name: string) => () => void seen.push([name, clock.now()])
    clock.at(1_300, note('c'))
    clock.at(1_100, note('a'))
    clock.at(1_100, note('b'))
    expect([clock.now(), seen.length, clock.pending()]).toEqual([1_000, 0, [1_100, 1_100, 1_300]])
    clock.advance(99)
    expect(seen).toEqual([])
    clock.advance(1)
    expect(seen).toEqual([
      ['a', 1_100],
      ['b', 1_100],
    ])
    clock.advance(1_000)
    expect(seen.at(-1)).toEqual(['c', 1_300])
    expect(clock.now()).toBe(2_100)
  })

  it('calls what callbacks set, if it is due within the same advance', () => {
    const clock = fakeClock()
    const seen: number[] = []
    const again = () => {
      seen.push(clock.now())
      clock.at(clock.now() + 10, again)
    }
    clock.at(10, again)
    clock.advance(35)
    expect(seen).toEqual([10, 20, 30])
    expect(clock.runNext()).toBe(true)
    expect(seen).toEqual([10, 20, 30, 40])
  })

  it('never calls what was cancelled, and calls the past at once when it moves', () => {
    const clock = fakeClock(100)
    const seen: string[] = []
    const cancel = clock.at(110, () => seen.push('cancelled'))
    clock.at(5, () => seen.push('past'))
    cancel()
    clock.advance(0)
    expect(seen).toEqual(['past'])
    expect(clock.now()).toBe(100)
    expect(clock.runNext()).toBe(false)
  })

  it('does not go back', () => {
    for (const ms of [-1, Number.NaN, Infinity])
      expect(() => fakeClock().advance(ms)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('calls timers in order of time, then of setting, whatever the steps', () => {
    for (let seed = 0; seed < 200; seed++) {
      const injector = faultInjector(seed)
      const times = Array.from({ length: injector.int(40) }, () => injector.int(50))
      const clock = fakeClock()
      const seen: [number, number][] = []
      for (const [index, at] of times.entries()) clock.at(at, () => seen.push([clock.now(), index]))
      for (let step = injector.int(10); step > 0; step--) clock.advance(injector.int(20))
      while (clock.runNext());
      const expected = times.map((at, index): [number, number] => [at, index])
      expect(seen, `seed ${seed}`).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
    }
  })
})
