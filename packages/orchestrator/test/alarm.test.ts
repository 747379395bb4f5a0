import { fakeClock } from '@seamark/testing'
import { expect, it } from 'vitest'
import { alarm } from '../src/alarm.ts'

it('rings at the time that was set last, once', () => {
  const clock = fakeClock()
  const start = clock.now()
  const rung: number[] = []
  const bell = alarm(clock, () => rung.push(clock.now() - start))
  bell.set(start + 10)
  bell.set(start + 30)
  bell.set(start + 20)
  bell.set(start + 20)
  clock.advance(100)
  expect(rung).toEqual([20])
  bell.set(start + 150)
  bell.set(undefined)
  clock.advance(100)
  expect(rung).toEqual([20])
})

it('can be set again for the same time, and while it rings', () => {
  const clock = fakeClock()
  const start = clock.now()
  const rung: number[] = []
  const bell = alarm(clock, () => {
    rung.push(clock.now() - start)
    if (rung.length < 3) bell.set(start + (rung.length === 1 ? 20 : 40))
  })
  bell.set(start + 20)
  bell.set(undefined)
  bell.set(start + 20)
  clock.advance(100)
  expect(rung).toEqual([20, 20, 40])
})
