import { expect, test } from 'vitest'
import { effective, writePaths } from '../src/index.ts'

test.each([
  [undefined, undefined],
  [['workspace'], undefined],
  [['**', 'src/**'], undefined],
  [[], []],
  [
    ['src/**', './notes.txt'],
    [
      { path: 'notes.txt', tree: false },
      { path: 'src', tree: true },
    ],
  ],
])('%j', (write, expected) => {
  const policy = write === undefined ? {} : { filesystem: { write } }
  expect(writePaths(effective([{ level: 'item', policy }]).policy)).toEqual(expected)
})
