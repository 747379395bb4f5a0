import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A small repository with tests that fail, and the one that it would be pushed to. */
export interface Repository {
  /** Absolute path of the working copy. */
  readonly dir: string
  /** Commits a patch to a new branch; gives the commit. */
  branch(name: string, patch: Uint8Array, message: string): string
}

// Of the user's own settings none counts: no hook, no signing, no name is needed.
const git = (cwd: string, args: readonly string[], input?: Uint8Array): string =>
  execFileSync('git', ['-c', 'user.name=Seamark', '-c', 'user.email=demo@seamark.invalid', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input !== undefined && { input }),
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  }).trim()

/** Makes the repository below a folder, with these files beside its own. */
export function makeRepository(folder: string, files: Readonly<Record<string, string>>): Repository {
  const dir = join(folder, 'tides')
  const origin = join(folder, 'tides.git')
  cpSync(join(import.meta.dirname, '../../agent/repository'), dir, { recursive: true })
  for (const [path, source] of Object.entries(files)) cpSync(source, join(dir, path))
  git(dir, ['init', '-q', '-b', 'main'])
  git(dir, ['add', '.'])
  git(dir, ['commit', '-q', '-m', 'Add tides'])
  rmSync(origin, { recursive: true, force: true })
  git(folder, ['clone', '-q', '--bare', dir, origin])
  git(dir, ['remote', 'add', 'origin', origin])
  return {
    dir,
    branch(name, patch, message) {
      git(dir, ['switch', '-q', '-c', name])
      git(dir, ['apply', '--index', '--binary', '-'], patch)
      git(dir, ['commit', '-q', '-m', message])
      return git(dir, ['rev-parse', 'HEAD'])
    },
  }
}
