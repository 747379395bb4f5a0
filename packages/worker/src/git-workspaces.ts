import type { ResolvedWorkspace, Workspaces } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { diffAgainst } from './diff-tree.ts'
import { onHost } from './host-failure.ts'
import type { WorkerLimits } from './limits.ts'
import { WORKER_LIMITS } from './limits.ts'
import { materializeGit } from './materialize.ts'
import type { GitWorkspace, Mirrors } from './mirrors.ts'
import { mirrors } from './mirrors.ts'
import { bytePath } from './path-bytes.ts'
import { resolveGit } from './resolve.ts'
import type { Git, GitOptions } from './run-git.ts'
import { neutralGit } from './run-git.ts'
import { tarOf } from './tar-writer.ts'
import { entryCounter } from './walk.ts'

export interface GitWorkspacesOptions {
  /**
   * Absolute folder of one namespace, on the worker's disk: keeps a mirror of each source and
   * scratch files. No attempt may see it.
   */
  readonly dir: string
  readonly limits?: Partial<WorkerLimits>
  readonly git?: GitOptions
}

/** What the worker uses beneath the seam. */
export interface GitTools {
  /** Where mirrors and scratch folders are. */
  readonly dir: string
  readonly git: Git
  readonly mirrors: Mirrors
  readonly limits: WorkerLimits
}

export function gitTools(options: GitWorkspacesOptions): GitTools {
  const git = neutralGit(options.git)
  return { dir: options.dir, git, mirrors: mirrors(options.dir, git), limits: { ...WORKER_LIMITS, ...options.limits } }
}

/** Git workspaces: private clones at a commit, from a local repository, a bundle, or an https or ssh URL. */
export function gitWorkspaces(options: GitWorkspacesOptions): Workspaces {
  return gitWorkspacesWith(gitTools(options))
}

export function gitWorkspacesWith({ dir: own, git, mirrors: store, limits }: GitTools): Workspaces {
  return {
    spec: 'workspaces/v1',
    kind: 'git',
    name: 'git',
    guarantees: {},
    resolve: (source, call) => onHost('Reading the repository', own, () => resolveGit(git, store, source, call)),
    materialize: (workspace, dir, call) =>
      onHost('Making the workspace', dir, async () => {
        const wanted = gitOnly(workspace)
        await materializeGit(git, await store.ensure(wanted, call), wanted, dir, call)
      }),
    async diff(workspace, dir, call) {
      const wanted = gitOnly(workspace)
      const gitDir = await store.ensure(wanted, call)
      return store.scratch((scratch) =>
        diffAgainst(git, scratch, {
          gitDir,
          baseTree: wanted.tree,
          dir,
          limits,
          exclude: call?.exclude ?? [],
          ...(call?.signal && { signal: call.signal }),
        }),
      )
    },
    snapshot: (dir, call) => snapshotOf(dir, limits, call),
  }
}

/** The whole folder as a tar stream. */
export function snapshotOf(
  dir: string,
  limits: WorkerLimits,
  call: Parameters<Workspaces['snapshot']>[1],
): AsyncIterable<Uint8Array> {
  return tarOf(dir, {
    exclude: new Set((call?.exclude ?? []).map(bytePath)),
    counter: entryCounter(limits.maxEntries),
    maxBytes: limits.maxSnapshotBytes,
    ...(call?.signal && { signal: call.signal }),
  })
}

function gitOnly(workspace: ResolvedWorkspace): GitWorkspace {
  if (workspace.type === 'git') return workspace
  throw new SeamError('INVALID_INPUT', 'This is not a git workspace.')
}
