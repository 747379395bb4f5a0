import type { CallOptions, StepTask } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { hideFinder } from '@seamark/policy'
import { rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { lookBelow } from './contained.ts'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import type { GitBase } from './mirrors.ts'
import { asText, joinNul, bytePath, shown } from './path-bytes.ts'
import { removeTree } from './remove-tree.ts'

/** What a policy hides of a base. */
export interface Hidden {
  /** The outermost hidden paths: all that is left out is one of them, or below one. */
  readonly roots: readonly string[]
  /** Files, links and submodules that are left out, by the repository that has them; outer ones come before those in them. */
  readonly repositories: readonly HiddenPaths[]
}

interface HiddenPaths {
  /** Of the repository in the workspace: empty for the outermost. */
  readonly at: string
  /** In the repository. */
  readonly paths: readonly string[]
}

/**
 * What the policy of a step hides of its base tree, read from the worker's own repository.
 * Errors: `UNSUPPORTED` where a name is not UTF-8, so that no glob can be said to take it or not.
 */
export async function hiddenOf(task: StepTask, { git, mirrors }: GitTools, options?: CallOptions): Promise<Hidden> {
  const globs = task.item?.policy?.policy.filesystem?.hide ?? []
  const { workspace } = task
  const roots = new Set<string>()
  const repositories: HiddenPaths[] = []
  if (globs.length === 0 || workspace.type === 'empty' || task.step === 'setup') return { roots: [], repositories }
  const find = hideFinder(globs)

  async function look(base: GitBase, at: string): Promise<void> {
    const gitDir = await mirrors.ensure(base, options)
    const paths: string[] = []
    for (const path of (await treeEntries(git, { gitDir, signal: options?.signal }, base.tree)).keys()) {
      const text = asText(path)
      if (text === undefined)
        throw new SeamError(
          'UNSUPPORTED',
          `The name ${shown(path)} in the base is not UTF-8, so it can not be told whether it is hidden.`,
          { remedy: 'Rename it, or leave out filesystem.hide.' },
        )
      const root = find(join(at, text))
      if (root === undefined) continue
      roots.add(root)
      paths.push(text)
    }
    if (paths.length > 0) repositories.push({ at, paths })
    for (const module of base.filled ?? []) await look(module, join(at, module.path))
  }

  await look(workspace, '')
  return { roots: [...roots], repositories }
}

/** Takes hidden files out of a workspace that no attempt has run in. No link is followed. */
export async function takeOut(hidden: Hidden, { git }: GitTools, dir: string, options?: CallOptions): Promise<void> {
  // From the innermost on: what is around a submodule may take it away as a whole.
  for (const { at, paths } of hidden.repositories.toReversed()) {
    const repository = join(dir, at)
    const folders = new Set<string>()
    for (const path of paths) {
      const found = await lookBelow(repository, path)
      if (found === undefined) continue
      // A submodule, with its files and its history.
      if (found.isDirectory()) await removeTree(join(repository, path))
      else await unlink(join(repository, path))
      folders.add(dirname(path))
    }
    for (const folder of folders) await removeEmpty(repository, folder)
    // Otherwise git would show them to the attempt as deleted.
    await git(['update-index', '--skip-worktree', '-z', '--stdin'], {
      gitDir: join(repository, '.git'),
      workTree: repository,
      input: joinNul(paths.map(bytePath)),
      signal: options?.signal,
    })
  }
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
