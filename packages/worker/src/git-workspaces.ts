import type { ResolvedWorkspace, Workspaces } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { diffWhole } from './diff-whole.ts'
import type { GitTools, GitWorkspacesOptions } from './git-tools.ts'
import { gitTools } from './git-tools.ts'
import { onHost } from './host-failure.ts'
import type { WorkerLimits } from './limits.ts'
import { materializeWhole } from './materialize.ts'
import type { GitWorkspace } from './mirrors.ts'
import { bytePath } from './path-bytes.ts'
import { resolveGit } from './resolve.ts'
import { tarOf } from './tar-writer.ts'
import { entryCounter } from './walk.ts'

/** Git workspaces: private clones at a commit, from a local repository, a bundle, or an https or ssh URL. */
export function gitWorkspaces(options: GitWorkspacesOptions): Workspaces {
  return gitWorkspacesWith(gitTools(options))
}

export function gitWorkspacesWith(tools: GitTools): Workspaces {
  const { dir: own, limits } = tools
  return {
    spec: 'workspaces/v1',
    kind: 'git',
    name: 'git',
    guarantees: {},
    resolve: (source, call) => onHost('Reading the repository', own, () => resolveGit(tools, source, call)),
    materialize: (workspace, dir, call) =>
      onHost('Making the workspace', dir, () => materializeWhole(tools, gitOnly(workspace), dir, call)),
    diff: async (workspace, dir, call) => diffWhole(tools, gitOnly(workspace), dir, call),
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
