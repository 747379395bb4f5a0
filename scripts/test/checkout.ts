import { execFileSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './planted.ts'

/** Copies what is in this checkout, with what is not committed yet, to a folder that becomes a repository with one commit. */
export function checkoutIn(folder: string): void {
  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  const listed = git(REPOSITORY, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0')
  for (const file of listed.filter((name) => name !== '')) {
    const source = join(REPOSITORY, file)
    if (existsSync(source)) cpSync(source, join(folder, file), { verbatimSymlinks: true })
  }
  git(folder, 'init', '-q', '-b', 'main')
  git(folder, 'add', '-A')
  git(folder, '-c', 'user.name=x', '-c', 'user.email=x@example.com', 'commit', '-q', '-m', 'All')
}
