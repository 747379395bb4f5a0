import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { chmodItself } from '../src/chmod-itself.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-chmod-'))
afterAll(() => rmSync(dir, { recursive: true }))
const modeOf = (path: string): number => statSync(path).mode & 0o7777

test('a file that nobody may open gets another mode', async () => {
  const file = join(dir, 'closed')
  writeFileSync(file, '')
  chmodSync(file, 0)
  await chmodItself(file, 0o600)
  expect(modeOf(file)).toBe(0o600)
})

test('what a link leads to keeps its mode', async () => {
  const file = join(dir, 'outside')
  writeFileSync(file, '')
  chmodSync(file, 0o400)
  symlinkSync(file, join(dir, 'link'))
  await expect(chmodItself(join(dir, 'link'), 0o777)).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:ELOOP|EOPNOTSUPP|ENOTSUP)$/),
  })
  expect(modeOf(file)).toBe(0o400)
})
