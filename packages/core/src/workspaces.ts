import type { ResolvedWorkspace } from './plan.ts'
import type { CallOptions, Seam } from './seam.ts'

/** Where a caller says files come from. */
export interface WorkspaceSource {
  readonly git?: string
  readonly ref?: string
  /** Whether submodules are filled. */
  readonly submodules?: boolean
  /** Whether files of Git LFS are filled. */
  readonly lfs?: boolean
  /** `none`: only the base commit is wanted. `commits`: what came before it is wanted without its files. */
  readonly history?: 'none' | 'commits'
  /** Absolute folder that a relative `git` is relative to. */
  readonly from: string
}

/** How one path changed. Paths are bytes; where they are not UTF-8, `path` is base64 and `encoding` says so. */
export interface ChangedFile {
  readonly path: string
  readonly encoding?: 'base64'
  readonly change: 'added' | 'modified' | 'deleted'
}

export interface WorkspaceDiff {
  /** Git's binary patch format against the base tree; empty where nothing changed. */
  readonly patch: Uint8Array
  readonly files: readonly ChangedFile[]
  /** Git tree ids. */
  readonly baseTree: string
  readonly tree: string
}

/** What files an attempt sees. Everything in a workspace is hostile input. */
export interface Workspaces extends Seam<'workspaces/v1'> {
  /**
   * Errors: `NOT_FOUND` (no repository, no such ref, no commits), `INVALID_INPUT`, `FORBIDDEN` (a repository that its server does not give; a submodule, or files of Git LFS, from where none may come),
   * `UNAVAILABLE`. One that is not about
   * the repository has the pointer of what it is about, such as `/ref`.
   */
  resolve(source: WorkspaceSource, options?: CallOptions): Promise<ResolvedWorkspace>
  /** Fills an empty folder. The result shares no writable file with its source. */
  materialize(workspace: ResolvedWorkspace, dir: string, options?: CallOptions): Promise<void>
  /**
   * Changes against the base, leaving out `exclude` (paths relative to `dir`). Nothing in `dir` is
   * executed, no link is followed. Errors: `LIMIT_EXCEEDED` naming the limit and path.
   */
  diff(
    workspace: ResolvedWorkspace,
    dir: string,
    options?: CallOptions & { readonly exclude?: readonly string[] },
  ): Promise<WorkspaceDiff | undefined>
  /** The whole folder as a tar stream, leaving out `exclude`. */
  snapshot(dir: string, options?: CallOptions & { readonly exclude?: readonly string[] }): AsyncIterable<Uint8Array>
}
