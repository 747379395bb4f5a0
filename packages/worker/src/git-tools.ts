import type { LfsTransport } from './lfs-server.ts'
import type { WorkerLimits } from './limits.ts'
import { WORKER_LIMITS } from './limits.ts'
import type { Mirrors } from './mirrors.ts'
import { mirrors } from './mirrors.ts'
import type { Git, GitOptions } from './run-git.ts'
import { neutralGit } from './run-git.ts'

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
  /** Where submodules may come from beside the folder of their repository's host. */
  readonly submodules: readonly string[]
  /** Where files of Git LFS may come from beside that folder and the repository's own server. */
  readonly lfs: readonly string[]
  /** How servers are reached. */
  readonly transport: LfsTransport
}

export function gitTools(options: GitWorkspacesOptions): GitTools {
  const git = neutralGit(options.git)
  return {
    dir: options.dir,
    git,
    mirrors: mirrors(options.dir, git),
    limits: { ...WORKER_LIMITS, ...options.limits },
    submodules: options.git?.submodules ?? [],
    lfs: options.git?.lfs ?? [],
    transport: options.git ?? {},
  }
}
