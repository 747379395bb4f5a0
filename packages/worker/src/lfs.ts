import type { CallOptions } from '@seamark/core'
import { throwIfAborted } from '@seamark/kit'
import { constants } from 'node:fs'
import { chmod, copyFile, stat } from 'node:fs/promises'
import type { GitTools } from './git-tools.ts'
import type { LfsPlace } from './lfs-address.ts'
import { lfsAddress } from './lfs-address.ts'
import type { LfsFiles } from './lfs-object.ts'
import { lfsFiles } from './lfs-files.ts'
import { ensureLfs, objectPath } from './lfs-store.ts'
import type { GitBase } from './mirrors.ts'
import { below, joinNul } from './path-bytes.ts'
import type { BytePath } from './path-bytes.ts'

/** Finds where a base's files of Git LFS come from, and fetches them. Errors: those of `lfsAddress`, `lfsFiles` and `ensureLfs`. */
export async function resolveLfs(
  tools: GitTools,
  of: LfsPlace & { readonly tree: string },
  options?: CallOptions,
): Promise<string> {
  const address = await lfsAddress(tools, of, options)
  await ensureLfs(tools, of.gitDir, address, await lfsFiles(tools, of.gitDir, of.tree, options), options)
  return address
}

/** The files of a base that are filled from Git LFS; none where its plan does not ask for it. */
export async function filledFiles(
  tools: GitTools,
  gitDir: string,
  base: Pick<GitBase, 'lfs' | 'tree'>,
  options?: CallOptions,
): Promise<LfsFiles> {
  return base.lfs === undefined ? new Map() : lfsFiles(tools, gitDir, base.tree, options)
}

/** Puts files in the places of their pointers, in a workspace that no attempt has run in. Paths of them that were filled. */
export async function fillLfs(
  tools: GitTools,
  gitDir: string,
  base: Pick<GitBase, 'lfs' | 'tree'>,
  dir: string,
  options?: CallOptions & { readonly only?: (path: BytePath) => boolean },
): Promise<readonly BytePath[]> {
  if (base.lfs === undefined) return []
  const files = new Map(
    [...(await lfsFiles(tools, gitDir, base.tree, options))].filter(([path]) => options?.only?.(path) ?? true),
  )
  await ensureLfs(tools, gitDir, base.lfs, files, options)
  for (const [path, { object }] of files) {
    throwIfAborted(options?.signal)
    const at = below(dir, path)
    const { mode } = await stat(at)
    await copyFile(objectPath(gitDir, object), at, constants.COPYFILE_FICLONE)
    await chmod(at, mode & 0o7777)
  }
  return [...files.keys()]
}

/** Git would show files in the places of their pointers to the attempt as changed. */
export async function passOver(
  { git }: GitTools,
  dir: string,
  paths: readonly BytePath[],
  options?: CallOptions,
): Promise<void> {
  if (paths.length === 0) return
  await git(['update-index', '--skip-worktree', '-z', '--stdin'], {
    gitDir: `${dir}/.git`,
    workTree: dir,
    input: joinNul(paths),
    signal: options?.signal,
  })
}
