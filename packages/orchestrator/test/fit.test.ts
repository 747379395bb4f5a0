import type { Exit } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { fitExit } from '../src/fit.ts'

const exit: Exit = { reason: 'exited', code: 0, startedAt: 1, endedAt: 2, outputBytes: 3 }

describe('an end, made to fit a record', () => {
  it('is as it was where it fits', () => {
    const whole: Exit = { ...exit, left: { processes: 2, names: ['sleep', 'node'] }, detail: 'ENOENT' }
    expect(fitExit(whole)).toEqual(whole)
    expect(fitExit(exit)).toEqual(exit)
  })

  it('has few names, none of them empty, long or broken', () => {
    const names = ['', 'x'.repeat(1_000), 'a\uD800', 'd', 'e', 'f', 'g']
    expect(fitExit({ ...exit, left: { processes: 7, names } }).left).toEqual({
      processes: 7,
      names: ['unnamed', 'x'.repeat(200), 'a\uFFFD', 'd', 'e'],
    })
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 60])('says nothing of what was left where that is no count: %d', (processes) => {
    expect(fitExit({ ...exit, left: { processes, names: [] } })).toEqual(exit)
  })
})
