import { expect, it } from 'vitest'
import type { Clock } from '@seamark/kit'
import { pace } from '../src/pace.ts'

/** A clock of which the test says how far it is, and a time that only work takes. */
function setting() {
  let now = 0
  let spent = 0
  let timers: { readonly at: number; readonly ring: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    at(at, ring) {
      const timer = { at, ring }
      timers.push(timer)
      return () => void (timers = timers.filter((other) => other !== timer))
    },
  }
  const inTurn = pace(clock, () => spent)
  const done: number[] = []
  return {
    done,
    inTurn,
    work: (ms: number) =>
      inTurn(async () => {
        spent += ms
        done.push(ms)
      }),
    async advance(ms: number): Promise<void> {
      now += ms
      const due = timers.filter(({ at }) => at <= now)
      timers = timers.filter(({ at }) => at > now)
      for (const { ring } of due) ring()
      for (let n = 0; n < 20; n++) await new Promise((turned) => setImmediate(turned))
    },
  }
}

it('lets work that takes little be done at once, in order', async () => {
  const { work, done } = setting()
  await Promise.all([3, 1, 2].map(work))
  expect(done).toEqual([3, 1, 2])
})

it('lets work that fails keep no other from its turn', async () => {
  const { inTurn } = setting()
  const fails = [() => Promise.reject(new Error('no')), (): Promise<never> => { throw new Error('no') }] // prettier-ignore
  for (const work of fails) await expect(inTurn(work)).rejects.toThrow('no')
  expect(await inTurn(() => Promise.resolve(1))).toBe(1)
})

it('has what is beyond its share wait, and no longer', async () => {
  const { work, done, advance } = setting()
  // A second at once; 300 ms are beyond, which is four times as long.
  const all = [1_300, 100, 0].map(work)
  await advance(0)
  expect(done).toEqual([1_300])
  await advance(1_199)
  expect(done).toEqual([1_300])
  await advance(1)
  expect(done).toEqual([1_300, 100])
  await advance(399)
  expect(done).toEqual([1_300, 100])
  await advance(1)
  expect(done).toEqual([1_300, 100, 0])
  await Promise.all(all)
  // Never more than a second is saved up.
  await advance(3_600_000)
  const more = [1_001, 0].map(work)
  await advance(0)
  expect(done.slice(3)).toEqual([1_001])
  await advance(4)
  expect(done.slice(3)).toEqual([1_001, 0])
  await Promise.all(more)
})
