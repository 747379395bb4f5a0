import type { WorkspacesSubject } from '@seamark/conformance/workspaces'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogueWorkspaces } from './catalogue-workspaces.ts'

const files = { 'a.txt': 'one\n', 'b/c.txt': 'two\n' }

/** A catalogue for one case of the suite, with one repository in it. */
export async function subject(): Promise<WorkspacesSubject> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'seamark-catalogue-')))
  const code = join(dir, 'code')
  await mkdir(join(code, 'b'), { recursive: true })
  for (const [path, text] of Object.entries(files)) await writeFile(join(code, path), text)
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.invalid', ...args], { cwd: code })
  git('init', '--quiet')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'first')
  const open = () => catalogueWorkspaces({ repositories: { billing: code }, dir: join(dir, 'mirrors') })
  return {
    seam: open(),
    reopen: async () => open(),
    source: { git: 'billing', from: '/' },
    files,
    dispose: () => rm(dir, { recursive: true, force: true }),
  }
}
