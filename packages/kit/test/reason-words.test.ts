import { expect, it } from 'vitest'
import { OUTCOME_REASONS, reasonWords } from '../src/index.ts'

it.each(OUTCOME_REASONS.filter((reason) => reason !== 'completed'))('says %s in words', (reason) => {
  const words = reasonWords(reason)
  expect(words).toMatch(/^[a-z][^:]+ [^:]+$/)
  expect(words).not.toBe(reason)
  expect(reasonWords(reason, 'More of it.')).toContain('More of it')
})

it('says each in words of its own', () => {
  expect(new Set(OUTCOME_REASONS.map((reason) => reasonWords(reason))).size).toBe(OUTCOME_REASONS.length)
})

it.each([
  ['exit-code', '3', 'exit code 3'],
  ['output-missing', 'out/a.txt', 'an output is missing: out/a.txt'],
  ['secret', 'The value of the secret a is in "b", line 2.', 'The value of the secret a is in "b", line 2.'],
  ['gate:1', '2', 'gate 2 did not pass: exit code 2'],
  ['gate:0', undefined, 'gate 1 did not pass'],
  ['max-turns', 'at 3', 'max-turns: at 3'],
  ['constructor', undefined, 'constructor'],
])('says %s, %s', (reason, detail, words) => {
  expect(reasonWords(reason, detail)).toBe(words)
})
