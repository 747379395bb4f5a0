import type { LaunchLimits } from '@seamark/core'
import { expect, it } from 'vitest'
import { checkLaunchLimits, NO_LIMITS } from '../src/index.ts'

const enforced = { value: 'enforced', proof: 'tested' } as const
const watched = { value: 'watched', proof: 'unproven' } as const
const held: typeof NO_LIMITS = {
  ...NO_LIMITS,
  cpu: enforced,
  memory: enforced,
  pids: enforced,
  disk: watched,
  idle: watched,
}
const least = { cpu: 0.01, memoryBytes: 4096 }

function told(limits: LaunchLimits, by = held): string[] {
  const places: string[] = []
  checkLaunchLimits(limits, by, least, (pointer) => void places.push(pointer))
  return places
}

it('limits are numbers in their range, with the place of each that is not', () => {
  expect(told({})).toEqual([])
  expect(told({ cpu: 0.01, memoryBytes: 4096, pids: 1, diskBytes: 0, idleMs: 1 })).toEqual([])
  const wrong: [keyof LaunchLimits, number[]][] = [
    ['cpu', [NaN, -1, 0, 0.009, Infinity]],
    ['memoryBytes', [NaN, -1, 4095, 4096.5, 2 ** 53]],
    ['pids', [NaN, 0, 1.5, Infinity]],
    ['diskBytes', [NaN, -1, 0.5, Infinity]],
    ['idleMs', [NaN, 0, 0.5, Infinity]],
  ]
  for (const [field, values] of wrong)
    for (const value of values) expect([value, told({ [field]: value })]).toEqual([value, [`/limits/${field}`]])
})

it('limits that are not held are refused', () => {
  const all = { cpu: 1, memoryBytes: 2 ** 30, pids: 9, diskBytes: 1, idleMs: 1 }
  expect(told(all, NO_LIMITS)).toEqual(Object.keys(all).map((field) => `/limits/${field}`))
})
