import type { CallOptions, Mount, StepTask, WorkspaceDiff } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { writePaths } from '@seamark/policy'
import type { WritePath } from '@seamark/policy'
import { mkdir, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lookBelow, makeWay } from './contained.ts'
import { treeEntries } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import { bytePath, pathOfChange } from './path-bytes.ts'

/**
 * Where a step may write in its workspace; `undefined` for all of it. A gate may write all: what it writes is thrown away.
 */
export function writableOf({ step, item }: StepTask): readonly WritePath[] | undefined {
  return step === 'main' && item?.policy !== undefined ? writePaths(item.policy.policy) : undefined
}

/**
 * The workspace as a read-only mount, and over it the paths that may be written. What is not there is made, so that it can be
 * mounted: a folder, or an empty file. Called while no attempt runs in the workspace.
 *
 * Errors: `INVALID_INPUT` where a path leads through a link, or is of the other kind.
 */
export async function writableMounts(paths: readonly WritePath[], workspace: string, seen: string): Promise<Mount[]> {
  const mounts: Mount[] = [{ source: workspace, target: seen, mode: 'read-only' }]
  for (const { path, tree } of paths) {
    await makeWay(workspace, path)
    const at = join(workspace, path)
    const there = await lookBelow(workspace, path)
    if (there === undefined) await (tree ? mkdir(at, { mode: 0o755 }) : writeFile(at, '', { flag: 'wx' }))
    else if (tree ? !there.isDirectory() : !there.isFile())
      throw new SeamError(
        'INVALID_INPUT',
        `${path} in the workspace is no ${tree ? 'folder' : 'file'}, and its policy lets it be written as one.`,
        {
          remedy: there.isDirectory()
            ? `Write ${path}/** in filesystem.write.`
            : 'Name another path in filesystem.write.',
        },
      )
    mounts.push({ source: at, target: join(seen, path), mode: 'read-write' })
  }
  return mounts
}

/** Removes the empty files that were made to be mounted and that nobody wrote to. Called once nothing runs there any more. */
export async function removeUnwritten(
  task: StepTask,
  { git, mirrors }: GitTools,
  workspace: string,
  options?: CallOptions,
): Promise<void> {
  for (const { path, tree } of writableOf(task) ?? []) {
    if (tree) continue
    const there = await lookBelow(workspace, path)
    if (there?.isFile() !== true || there.size > 0) continue
    if (task.workspace.type === 'git') {
      const gitDir = await mirrors.ensure(task.workspace, options)
      const base = await treeEntries(git, { gitDir, signal: options?.signal }, task.workspace.tree, path)
      if (base.size > 0) continue
    }
    await unlink(join(workspace, path))
  }
}

/**
 * The first changed path that may not be written. No sandbox lets one be; it is looked at all the same, since the patch is
 * what people trust.
 */
export function changedOutside(paths: readonly WritePath[], { files }: WorkspaceDiff): string | undefined {
  const scopes = paths.map(({ path, tree }) => ({ path: bytePath(path), tree }))
  return files.find((file) => {
    const bytes = pathOfChange(file)
    return !scopes.some((scope) => (scope.tree ? bytes.startsWith(`${scope.path}/`) : bytes === scope.path))
  })?.path
}
