import type { Workspaces } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { mkdir, readdir } from 'node:fs/promises'
import { diffAgainst } from './diff-tree.ts'
import type { GitTools, GitWorkspacesOptions } from './git-tools.ts'
import { gitTools } from './git-tools.ts'
import { snapshotOf } from './git-workspaces.ts'

/** Git's tree without entries. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

/** Empty workspaces: what an attempt leaves is a patch against the empty tree, so gates and needs work as with git. */
export function emptyWorkspaces(options: GitWorkspacesOptions): Workspaces {
  return emptyWorkspacesWith(gitTools(options))
}

export function emptyWorkspacesWith({ git, mirrors, limits }: GitTools): Workspaces {
  return {
    spec: 'workspaces/v1',
    kind: 'empty',
    name: 'empty',
    guarantees: {},
    async resolve(source, { signal } = {}) {
      throwIfAborted(signal)
      if (source.git === undefined && source.ref === undefined) return { type: 'empty' }
      throw new SeamError('INVALID_INPUT', 'An empty workspace has no repository.')
    },
    async materialize(_workspace, dir, { signal } = {}) {
      throwIfAborted(signal)
      await mkdir(dir, { recursive: true, mode: 0o700 })
    },
    async diff(_workspace, dir, call) {
      throwIfAborted(call?.signal)
      // Nothing to ask git for where nothing was left.
      if ((await readdir(dir)).length === 0) return undefined
      const gitDir = await mirrors.empty(call)
      return mirrors.scratch((scratch) =>
        diffAgainst(git, scratch, {
          gitDir,
          baseTree: EMPTY_TREE,
          dir,
          limits,
          exclude: call?.exclude ?? [],
          filled: new Set(),
          lfs: new Map(),
          ...(call?.signal && { signal: call.signal }),
        }),
      )
    },
    snapshot: (dir, call) => snapshotOf(dir, limits, call),
  }
}
