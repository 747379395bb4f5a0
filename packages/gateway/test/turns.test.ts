import { expect, it } from 'vitest'
import { turns } from '../src/turns.ts'

it('has no more works under way than it may, each in its turn, also after one that failed', async () => {
  const inTurn = turns(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  let now = 0
  let most = 0
  const works = Array.from({ length: 6 }, (_, at) =>
    inTurn(async () => {
      begun.push(at)
      most = Math.max(most, ++now)
      await new Promise<void>((done) => ends.push(done))
      now--
      if (at === 1) throw new Error('It failed.')
      return at
    }),
  )
  const all = Promise.allSettled(works)
  while (begun.length < 6 || ends.length > 0) {
    ends.shift()?.()
    await new Promise((done) => setImmediate(done))
  }
  expect((await all).map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true, true])
  expect([begun, most]).toEqual([[0, 1, 2, 3, 4, 5], 2])
})
