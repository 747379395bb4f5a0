import type { CallOptions, WorkspaceDiff } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { join } from 'node:path'
import { lookBelow } from './contained.ts'
import { diffAgainst } from './diff-tree.ts'
import type { GitTools } from './git-tools.ts'
import { filledFiles } from './lfs.ts'
import type { GitBase } from './mirrors.ts'
import { bytePath } from './path-bytes.ts'

/**
 * What changed in a workspace against its base. A patch can not hold what changed in its submodules, which are compared with their
 * own commits. Errors: `UNSUPPORTED` naming the first path that changed in one; those of `diffAgainst`.
 */
export async function diffWhole(
  tools: GitTools,
  base: GitBase,
  dir: string,
  options: CallOptions & { readonly exclude?: readonly string[] } = {},
): Promise<WorkspaceDiff> {
  const { git, mirrors, limits } = tools
  const { exclude = [], ...call } = options
  const filled = base.filled ?? []
  const gitDir = await mirrors.ensure(base, call)
  const lfs = await filledFiles(tools, gitDir, base, call)
  const diff = await mirrors.scratch((scratch) =>
    diffAgainst(git, scratch, {
      gitDir,
      baseTree: base.tree,
      dir,
      limits,
      exclude,
      lfs,
      filled: new Set(filled.map(({ path }) => bytePath(path))),
      ...call,
    }),
  )
  for (const module of filled) {
    if (exclude.some((path) => path === module.path || module.path.startsWith(`${path}/`))) continue
    // What took its place is in the patch.
    if ((await lookBelow(dir, module.path))?.isDirectory() !== true) continue
    const inner = exclude.flatMap((path) =>
      path.startsWith(`${module.path}/`) ? [path.slice(module.path.length + 1)] : [],
    )
    const { files } = await diffWhole(tools, module, join(dir, module.path), { ...call, exclude: inner })
    const [changed] = files
    if (changed !== undefined)
      throw new SeamError(
        'UNSUPPORTED',
        `${JSON.stringify(changed.path)} in submodule ${module.path} was ${changed.change}, which a patch can not hold.`,
        { remedy: 'Leave submodules as they are, or ignore what is made in them in their .gitignore.' },
      )
  }
  return diff
}
