import type { ResolvedWorkspace, StorageProvider, Workspaces } from '@seamark/core'
import type { Blobs } from './blobs.ts'
import { blobs } from './blobs.ts'
import { emptyWorkspacesWith } from './empty-workspaces.ts'
import type { GitTools } from './git-tools.ts'
import { gitTools } from './git-tools.ts'
import { gitWorkspacesWith } from './git-workspaces.ts'
import type { NamespaceLayout } from './layout.ts'
import { namespaceLayout } from './layout.ts'
import type { WorkerLimits } from './limits.ts'
import type { GitOptions } from './run-git.ts'
import type { Turns } from './turns.ts'

/** What the worker has for one namespace; nothing of it is shared with another. */
export interface NamespaceTools {
  readonly layout: NamespaceLayout
  readonly git: GitTools
  readonly blobs: Blobs
  /** For holding outputs to their schemas; shared by all namespaces, as memory and cores are. */
  readonly matching: Turns
  workspaces(workspace: Pick<ResolvedWorkspace, 'type'>): Workspaces
}

export function namespaceTools(
  root: string,
  ns: string,
  storage: StorageProvider,
  {
    matching,
    ...options
  }: { readonly limits?: Partial<WorkerLimits>; readonly git?: GitOptions; readonly matching: Turns },
): NamespaceTools {
  const layout = namespaceLayout(root, ns)
  const tools = gitTools({ dir: layout.dir, ...options })
  const git = gitWorkspacesWith(tools)
  const empty = emptyWorkspacesWith(tools)
  return {
    layout,
    git: tools,
    blobs: blobs(storage, ns, layout.tmp),
    matching,
    workspaces: ({ type }) => (type === 'git' ? git : empty),
  }
}
