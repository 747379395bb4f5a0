import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { gitWorkspaces } from '../src/index.ts'
import { sh, temporary } from './repository.ts'

const dir = temporary()

/** A bare repository of what `git fast-import` reads, with nothing packed tighter than it comes. */
async function imported(name: string, text: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>) {
  const repository = join(dir, name)
  sh(dir, `git init -q --bare -b main '${repository}'`)
  const argv = ['-c', 'core.compression=0', '-c', 'core.bigFileThreshold=1m', 'fast-import', '--quiet']
  const git = spawn('git', ['-C', repository, ...argv], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(git, 'close')
  for await (const piece of text) if (!git.stdin.write(piece)) await once(git.stdin, 'drain')
  git.stdin.end()
  expect(await ended).toEqual([0, null])
  return repository
}

/** As an attempt has it: made, changed in one place, and captured. */
async function played(repository: string, path: string) {
  const workspaces = gitWorkspaces({ dir: join(dir, 'worker') })
  const workspace = await workspaces.resolve({ git: repository, from: '/' })
  const into = join(dir, 'attempt')
  mkdirSync(into)
  await workspaces.materialize(workspace, into)
  return {
    into,
    async changed() {
      writeFileSync(join(into, path), 'changed\n')
      const diff = await workspaces.diff(workspace, into)
      return { files: diff?.files, patch: Buffer.from(diff?.patch ?? []).toString('latin1') }
    },
    remove: () => [into, join(dir, 'worker'), repository].forEach((each) => rmSync(each, { recursive: true })),
  }
}

const who = (seconds: number): string => `committer a <a@example.invalid> ${seconds} +0000\n`

it(
  'a repository of 1,000,000 commits and 100,000 files is cloned, and one change is captured',
  { timeout: 3_600_000 },
  async () => {
    const commits = 1_000_000
    const repository = await imported(
      'many',
      (function* () {
        yield 'blob\nmark :1\ndata 2\na\n'
        const files = Array.from({ length: 100_000 }, (_, at) => `M 100644 :1 d${at % 300}/f${at}\n`).join('')
        yield `commit refs/heads/main\n${who(1)}data 0\n${files}`
        for (let from = 2; from <= commits; from += 1_000)
          yield Array.from({ length: 1_000 }, (_, at) =>
            from + at > commits ? '' : `commit refs/heads/main\n${who(from + at)}data 0\n`,
          ).join('')
      })(),
    )
    const { into, changed, remove } = await played(repository, 'd7/f7')
    expect(sh(into, 'git rev-list --count HEAD; git ls-files | wc -l').replaceAll(' ', '')).toBe(`${commits}\n100000\n`)
    const { files, patch } = await changed()
    expect(files).toEqual([{ path: 'd7/f7', change: 'modified' }])
    expect(patch.length).toBeLessThan(1_000)
    remove()
  },
)

it('a repository of 2 GB is cloned, and one change is captured', { timeout: 3_600_000 }, async () => {
  const size = 2 ** 28
  const repository = await imported(
    'large',
    (function* () {
      for (let mark = 1; mark <= 8; mark++) {
        yield `blob\nmark :${mark}\ndata ${size}\n`
        // None is like another.
        const piece = Buffer.alloc(2 ** 22, mark)
        for (let at = 0; at < size; at += piece.length) yield piece
        yield '\n'
      }
      yield 'blob\nmark :9\ndata 2\na\n'
      yield `commit refs/heads/main\n${who(1)}data 0\n`
      for (let mark = 1; mark <= 9; mark++) yield `M 100644 :${mark} f${mark}\n`
    })(),
  )
  const { into, changed, remove } = await played(repository, 'f9')
  expect(statSync(join(into, 'f8')).size).toBe(size)
  expect(readFileSync(join(into, 'f9'), 'utf8')).toBe('a\n')
  const { files, patch } = await changed()
  expect(files).toEqual([{ path: 'f9', change: 'modified' }])
  expect(patch.length).toBeLessThan(1_000)
  remove()
})
