/**
 * Makes `repository.bundle` anew: a small repository of real code for checkouts that are none themselves.
 * `node --conditions=source examples/demo/src/make-bundle.ts`; the same files give the same commits.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')
const commits: readonly (readonly [string, readonly string[]])[] = [
  [
    'Add the kit',
    ['LICENSE', 'packages/core/package.json', 'packages/core/src', 'packages/kit/package.json', 'packages/kit/src'],
  ],
  [
    'Describe the design',
    ['README.md', 'SECURITY.md', 'docs/seamark.svg', 'docs/explanation', 'docs/reference/errors.md'],
  ],
  ['Add tools for the documentation and manifests', ['examples/demo/tools', 'examples/demo/checks']],
]

const work = mkdtempSync(join(tmpdir(), 'seamark-bundle-'))
try {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Seamark', '-c', 'user.email=demo@seamark.invalid', ...args], {
      cwd: work,
      env: {
        PATH: process.env['PATH'],
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
        GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
      },
    })
  git('init', '-q', '-b', 'main')
  for (const [message, paths] of commits) {
    for (const path of paths) cpSync(join(root, path), join(work, path), { recursive: true })
    git('add', '.')
    git('commit', '-q', '-m', message)
  }
  git('bundle', 'create', '-q', join(root, 'examples/demo/repository.bundle'), 'HEAD', 'main')
} finally {
  rmSync(work, { recursive: true, force: true })
}
