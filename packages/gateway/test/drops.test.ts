import { expect, it } from 'vitest'
import { dropCounter } from '../src/drops.ts'

it('tells of what was dropped once, in a while', async () => {
  const told: number[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const drops = dropCounter((count) => Promise.resolve((told.push(count), resolve())), 1)
  for (let n = 0; n < 5_000; n++) drops.add()
  await promise
  await drops.flush()
  expect(told).toEqual([5_000])
})

it('is over only when what is being told is, and then tells what could not be told', async () => {
  const told: number[] = []
  const begun = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  const drops = dropCounter((count) => {
    told.push(count)
    if (told.length > 1) return Promise.resolve()
    begun.resolve()
    return answer.promise
  }, 1)
  drops.add()
  drops.add()
  await begun.promise
  drops.add()
  let over = false
  const end = drops.flush().then(() => (over = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect([over, told]).toEqual([false, [2]])
  answer.reject(new Error('away'))
  await end
  expect(told).toEqual([2, 3])
})

it('rejects at the end where it can not be told, and tells it to whoever asks again', async () => {
  let away = true
  const told: number[] = []
  const drops = dropCounter(
    (count) => (away ? Promise.reject(new Error('away')) : Promise.resolve(void told.push(count))),
    60_000,
  )
  drops.add()
  await expect(drops.flush()).rejects.toThrow()
  away = false
  await drops.flush()
  expect(told).toEqual([1])
})
