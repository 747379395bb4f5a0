import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CASES } from '../src/cases.ts'
import { parseOptions } from '../src/options.ts'

describe('parseOptions', () => {
  it('runs every case in full by default', () => {
    expect(parseOptions([])).toEqual({
      scale: 'full',
      judge: false,
      json: false,
      build: true,
      cases: Object.keys(CASES),
    })
  })

  it('keeps the order of the table', () => {
    expect(parseOptions(['--quick', '--only', 'service', '--only', 'flat'])).toMatchObject({
      scale: 'quick',
      build: false,
      cases: ['flat', 'service'],
    })
  })

  it.each([['--only', 'nothing'], ['--write', 'x.md'], ['--write', 'x.md', '--date', 'today'], ['--fast']])(
    'refuses %s %s',
    (...argv) => {
      expect(parseOptions(argv)).toBeTypeOf('string')
    },
  )
})

describe('CASES', () => {
  it('are files', () => {
    for (const module of Object.values(CASES)) expect(existsSync(fileURLToPath(module))).toBe(true)
  })
})
