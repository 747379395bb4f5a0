import { expect, it } from 'vitest'
import { meant } from '../src/index.ts'

it('finds the word that was meant, and nothing far off', () => {
  expect(meant('stauts', ['submit', 'status'])).toBe('status')
  expect(meant('LINT', ['lint'])).toBe('lint')
  expect(meant('b', ['a'])).toBe('a')
  expect(meant('zzz', ['status', 'submit'])).toBeUndefined()
  expect(meant('x'.repeat(41), ['x'.repeat(41)])).toBeUndefined()
})
