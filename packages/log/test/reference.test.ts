import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { recordsReference } from '../src/index.ts'

test('docs/reference/records.md is what the schemas say', () => {
  const path = new URL('../../../docs/reference/records.md', import.meta.url)
  // On a difference: node --conditions=source -e "import('@seamark/log').then((log) => process.stdout.write(log.recordsReference()))"
  expect(readFileSync(path, 'utf8')).toBe(recordsReference())
})
