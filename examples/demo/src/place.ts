import { execFileSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

const bundle = 'examples/demo/repository.bundle'

/** Whether a folder is the top of a working copy whose newest commit holds what the plan runs. */
export function isOwnRepository(root: string): boolean {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(root)) return false
    git('cat-file', '-e', 'HEAD:examples/demo/tools/contents.mjs')
    return true
  } catch {
    return false
  }
}

/** The plan for this place: over the repository that is there, and in plain processes only where there is no sandbox. */
export function planFor(root: string, place: { readonly own: boolean; readonly sandbox: boolean }): string {
  let plan = readFileSync(join(root, 'examples/demo/plan.yaml'), 'utf8')
  if (!place.own) plan = plan.replace(/^ {2}git: \. +/m, `  git: ${bundle}  `)
  if (!place.sandbox)
    plan = plan.replace(/^defaults:$/m, 'defaults:\n  executor: process                   # isolates nothing')
  return plan
}
