import { describe, expect, it } from 'vitest'
import { toldByOptions } from '../src/index.ts'

const skills = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, `${at}`]))

describe('what the options of a runtime tell every agent', () => {
  it('is as much as the record of a launch has room for', () => {
    expect(toldByOptions({ instructions: 'Write.', skills: skills(32) })).toHaveLength(33)
    expect(toldByOptions({})).toEqual([])
  })

  it('is refused where there is more', () => {
    expect(() => toldByOptions({ skills: skills(33) })).toThrow(
      expect.objectContaining({
        problems: [expect.objectContaining({ code: 'INVALID_INPUT', place: { pointer: '/skills' } })],
      }),
    )
  })
})
