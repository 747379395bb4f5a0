import type { CallOptions, StepTask } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { hideFinder } from '@seamark/policy'
import { rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { lookBelow } from './contained.ts'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-workspaces.ts'
import { asText, joinNul, bytePath, shown } from './path-bytes.ts'

/** What a policy hides of a base. */
export interface Hidden {
  /** Files, links and submodules that are left out. */
  readonly paths: readonly string[]
  /** The outermost hidden paths: all that is left out is one of them, or below one. */
  readonly roots: readonly string[]
}

const nothing: Hidden = { paths: [], roots: [] }

/**
 * What the policy of a step hides of its base tree, read from the worker's own repository.
 * Errors: `UNSUPPORTED` where a name is not UTF-8, so that no glob can be said to take it or not.
 */
export async function hiddenOf(task: StepTask, { git, mirrors }: GitTools, options?: CallOptions): Promise<Hidden> {
  const globs = task.item?.policy?.policy.filesystem?.hide ?? []
  const { workspace } = task
  if (globs.length === 0 || workspace.type === 'empty' || task.step === 'setup') return nothing
  const gitDir = await mirrors.ensure(workspace, options)
  const find = hideFinder(globs)
  const roots = new Set<string>()
  const paths: string[] = []
  for (const path of (await treeEntries(git, { gitDir, signal: options?.signal }, workspace.tree)).keys()) {
    const text = asText(path)
    if (text === undefined)
      throw new SeamError(
        'UNSUPPORTED',
        `The name ${shown(path)} in the base is not UTF-8, so it can not be told whether it is hidden.`,
        { remedy: 'Rename it, or leave out filesystem.hide.' },
      )
    const root = find(text)
    if (root === undefined) continue
    roots.add(root)
    paths.push(text)
  }
  return { paths, roots: [...roots] }
}

/** Takes hidden files out of a workspace that no attempt has run in. No link is followed. */
export async function takeOut({ paths }: Hidden, { git }: GitTools, dir: string, options?: CallOptions): Promise<void> {
  if (paths.length === 0) return
  const folders = new Set<string>()
  for (const path of paths) {
    const found = await lookBelow(dir, path)
    if (found === undefined) continue
    if (!found.isDirectory()) await unlink(join(dir, path))
    folders.add(found.isDirectory() ? path : dirname(path))
  }
  for (const folder of folders) await removeEmpty(dir, folder)
  // Otherwise git would show them to the attempt as deleted.
  await git(['update-index', '--skip-worktree', '-z', '--stdin'], {
    gitDir: join(dir, '.git'),
    workTree: dir,
    input: joinNul(paths.map(bytePath)),
    signal: options?.signal,
  })
}

async function removeEmpty(dir: string, folder: string): Promise<void> {
  for (let at = folder; at !== '.'; at = dirname(at)) {
    try {
      await rmdir(join(dir, at))
    } catch (error) {
      const code = systemCode(error)
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return
      if (code !== 'ENOENT') throw error
    }
  }
}
