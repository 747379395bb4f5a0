import { gitWorkspaces } from '@seamark/worker'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Line, Scale } from '../line.ts'
import { inTurn, median, msOf, pairedRatio } from '../stats.ts'
import { inTemporary } from '../temp.ts'

const run = promisify(execFile)
const FILES = 3_000
const COMMITS = 10

/** A private clone for an attempt, in turn with git's own. */
export async function measure(scale: Scale): Promise<Line[]> {
  return [...(await ofManyFiles(scale)), ...(await ofLargeFiles(scale))]
}

/** The next workspace of a repository that is mirrored, in turn with a clone that borrows all objects. */
function ofLargeFiles(scale: Scale): Promise<Line[]> {
  return inTemporary(async (dir) => {
    const source = join(dir, 'source')
    const megabytes = scale === 'quick' ? 64 : 1_024
    await makeLarge(source, megabytes)
    const workspaces = gitWorkspaces({ dir: join(dir, 'worker') })
    const workspace = await workspaces.resolve({ git: source, from: '/' })
    const place = join(dir, 'place')
    const emptied = async (work: () => Promise<unknown>): Promise<number> => {
      const ms = await msOf(work)
      rmSync(place, { recursive: true })
      return ms
    }
    const materialize = () => {
      mkdirSync(place)
      return emptied(() => workspaces.materialize(workspace, place))
    }
    const clone = () => emptied(() => git(dir, 'clone', '--quiet', '--shared', source, place))
    await inTurn(1, materialize, clone)
    const taken = await inTurn(scale === 'quick' ? 4 : 7, materialize, clone)
    return [
      {
        what: `second workspace of a repository of ${megabytes.toLocaleString('en-US')} MiB`,
        measured: { value: median(taken.measured), unit: 'ms' },
        baseline: { value: median(taken.baseline), unit: 'ms' },
        against: '`git clone --shared` with checkout of the same repository',
        ratio: pairedRatio(taken),
        bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.2 }],
      },
    ]
  })
}

/** As many bytes of objects, a half of them in the last commit: files of which a half can be made smaller. */
async function makeLarge(dir: string, megabytes: number): Promise<void> {
  mkdirSync(dir)
  await git(dir, 'init', '--quiet', '-b', 'main', '.')
  for (let commit = 0; commit < 2; commit++) {
    for (let i = 0; i < 4 * megabytes; i++) {
      const folder = join(dir, `part-${i % 64}`)
      mkdirSync(folder, { recursive: true })
      const bytes = randomBytes(2 ** 17 - 2 ** 12)
      writeFileSync(join(folder, `file-${i}`), i % 2 === 0 ? bytes : bytes.toString('hex'))
    }
    await git(dir, 'add', '-A')
    await git(dir, 'commit', '--quiet', '-m', `Change ${commit}`)
  }
  await git(dir, 'repack', '-adq', '--window=0')
}

function ofManyFiles(scale: Scale): Promise<Line[]> {
  return inTemporary(async (dir) => {
    const source = join(dir, 'source')
    await makeRepository(source)
    const workspaces = gitWorkspaces({ dir: join(dir, 'worker') })
    const workspace = await workspaces.resolve({ git: source, from: '/' })
    const place = join(dir, 'place')

    const materialize = async (): Promise<number> => {
      mkdirSync(place)
      const ms = await msOf(() => workspaces.materialize(workspace, place))
      rmSync(place, { recursive: true })
      return ms
    }
    const clone = async (): Promise<number> => {
      const ms = await msOf(() => git(dir, 'clone', '--quiet', '--no-hardlinks', source, place))
      rmSync(place, { recursive: true })
      return ms
    }
    await inTurn(1, materialize, clone)
    const taken = await inTurn(scale === 'quick' ? 4 : 21, materialize, clone)
    return [
      {
        what: `git workspace of ${FILES.toLocaleString('en-US')} files`,
        measured: { value: median(taken.measured), unit: 'ms' },
        baseline: { value: median(taken.baseline), unit: 'ms' },
        against: '`git clone --no-hardlinks` with checkout of the same repository',
        ratio: pairedRatio(taken),
        bounds: [{ kind: 'ratio', on: 'ratio', is: '≤', limit: 1.3 }],
      },
    ]
  })
}

/** Sources of a middling project: 3,000 files in 150 folders, and a history. */
async function makeRepository(dir: string): Promise<void> {
  mkdirSync(dir)
  await git(dir, 'init', '--quiet', '-b', 'main', '.')
  for (let commit = 0; commit < COMMITS; commit++) {
    for (let i = 0; i < FILES; i++) {
      // The first commit has every file; each later one changes a tenth of them.
      if (commit > 0 && i % COMMITS !== commit) continue
      const folder = join(dir, `src/part-${i % 15}/unit-${i % 150}`)
      if (commit === 0) mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `file-${i}.ts`), sourceText(i, commit))
    }
    await git(dir, 'add', '-A')
    await git(dir, 'commit', '--quiet', '-m', `Change ${commit}`)
  }
  await git(dir, 'gc', '--quiet')
}

function sourceText(file: number, commit: number): string {
  const lines = 20 + ((file * 37) % 200)
  return Array.from(
    { length: lines },
    (_, line) => `export const value${line} = compute(${file}, ${line === 7 ? commit : line * file})\n`,
  ).join('')
}

function git(cwd: string, ...args: readonly string[]): Promise<unknown> {
  const who = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.invalid' }
  return run('git', args, {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.invalid',
      ...who,
    },
  })
}
