import { expect, it } from 'vitest'
import { turns } from '../src/turns.ts'

/** Works that end when they are told to, and which of them have begun. */
function works(count: number) {
  const begun: number[] = []
  const all = Array.from({ length: count }, (_, n) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const work = () => {
      begun.push(n)
      return promise
    }
    return { work, end: () => resolve(n), fail: () => reject(new Error('a work failed')) }
  })
  const at = (n: number) => all[n] ?? expect.unreachable()
  return { begun, at, all }
}

it('as many as may are done at a time, the others in their order, whether they fail or not', async () => {
  const { begun, at, all } = works(5)
  const turn = turns(2)
  const results = Promise.allSettled(all.map(({ work }) => turn(work)))
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  at(1).fail()
  await expect.poll(() => begun).toEqual([0, 1, 2])
  at(0).end()
  await expect.poll(() => begun).toEqual([0, 1, 2, 3])
  for (const { end } of all) end()
  expect((await results).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

it('who stops waiting takes no turn from the others', async () => {
  const { begun, at } = works(3)
  const turn = turns(1)
  const stop = new AbortController()
  const first = turn(at(0).work)
  const second = turn(at(1).work, stop.signal)
  const third = turn(at(2).work)
  stop.abort()
  await expect(second).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(turn(at(1).work, stop.signal)).rejects.toMatchObject({ code: 'ABORTED' })
  at(0).end()
  at(2).end()
  expect(await Promise.all([first, third])).toEqual([0, 2])
  expect(begun).toEqual([0, 2])
})

it('a turn that is given to one that has just stopped goes on to the next', async () => {
  const { begun, at, all } = works(3)
  const turn = turns(1)
  const stop = new AbortController()
  const first = turn(at(0).work)
  const second = turn(at(1).work, stop.signal).catch(() => 'stopped')
  const third = turn(at(2).work)
  for (const { end } of all) end()
  await first
  stop.abort()
  await second
  expect(await third).toBe(2)
  expect(begun).toContain(2)
})
