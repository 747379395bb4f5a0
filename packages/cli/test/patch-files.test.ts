import { execFileSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { patchFiles } from '../src/patch-files.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-patch-files-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('counts what git counts, whatever lines files have', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: dir, encoding: 'utf8' })
  const write = (name: string, text: string | Uint8Array) => writeFileSync(join(dir, name), text)
  git('init', '-q')
  write('text', 'one\ntwo\n-- three\n++ four\n')
  write('old name', Array.from({ length: 30 }, (_, at) => `line ${at}\n`).join(''))
  write('gone', 'x\n')
  write('image', Buffer.from([0, 1, 2, 255]))
  write('a b b', 'x\n')
  git('add', '.')
  git('commit', '-q', '-m', 'first')
  // Lines that look like those of a patch.
  write('text', 'one\n+++ b/other\n--- a/other\n@@ -1 +1 @@\ndiff --git a/x b/x\nno end')
  renameSync(join(dir, 'old name'), join(dir, 'new name'))
  rmSync(join(dir, 'gone'))
  write('image', Buffer.from([0, 9, 9, 255]))
  write('a b b', 'y\n')
  write('added', 'a\nb\n')
  write('empty', '')
  git('add', '-A')
  const numbers = git('diff', '--cached', '-M', '--numstat', '--no-renames').trim().split('\n')
  const counted = patchFiles(git('diff', '--cached', '--binary', '--no-renames'))
  expect(
    counted.map(({ path, added, removed, binary }) => (binary ? `-\t-\t${path}` : `${added}\t${removed}\t${path}`)),
  ).toEqual(numbers)
  const renamed = patchFiles(git('diff', '--cached', '--binary', '-M'))
  expect(renamed.map(({ path, change }) => `${change} ${path}`).toSorted()).toEqual([
    'added added',
    'added empty',
    'changed a b b',
    'changed image',
    'changed text',
    'deleted gone',
    'renamed new name',
  ])
})
