import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shellLine } from '../src/index.ts'

const hostile = fc.constantFrom(
  "'",
  '"',
  '$(id)',
  '`id`',
  '\\',
  '\n',
  ' ',
  '*',
  '~',
  '!',
  '#',
  '&',
  ';',
  '{a,b}',
  '-',
  'é',
  'x=1',
)
const word = fc.oneof(
  fc.array(hostile, { maxLength: 5 }).map((parts) => parts.join('')),
  fc.stringMatching(/^[^\0\ud800-\udfff]{0,8}$/u),
)

describe('a line of words', () => {
  it('is read by a shell as exactly these words', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${shellLine(words)}`], { encoding: 'utf8' })
        expect(out.split('\0').slice(0, -1)).toEqual(words)
      }),
      { numRuns: 60 },
    )
  })

  it('begins with a program, whatever its name', () => {
    for (const name of ['if', 'while', 'x=1', '{', '!', 'a b'])
      expect(() => execFileSync('/bin/sh', ['-c', shellLine([name])], { stdio: 'pipe' })).toThrow(
        expect.objectContaining({ status: 127 }),
      )
  })

  it('is as people write it where nothing needs quotes', () => {
    expect(shellLine(['npx', 'eslint', '--fix', 'src/a.ts'])).toBe('npx eslint --fix src/a.ts')
  })
})
