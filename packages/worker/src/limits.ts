/** What one attempt may leave. Past a limit the attempt fails, naming the limit and the path. */
export interface WorkerLimits {
  /** Bytes of a patch. */
  readonly maxPatchBytes: number
  /** Files in a patch. */
  readonly maxChangedFiles: number
  /** Bytes of one new or changed file. */
  readonly maxFileBytes: number
  /** Entries of a workspace, ignored ones only where a snapshot is made. */
  readonly maxEntries: number
  /** Folders, one in another, around a file that is new and not ignored. */
  readonly maxDepth: number
  /** Bytes of one declared output. */
  readonly maxOutputBytes: number
  /** Bytes of a workspace's snapshot. */
  readonly maxSnapshotBytes: number
  /** Bytes of stdout and stderr together. */
  readonly maxLogBytes: number
  /** Bytes that are kept of what is written to a program; what is over is written and not kept, and its transcript says so. */
  readonly maxInputBytes: number
  /** Bytes of what one service writes; what is over is not kept, and nothing ends by it. */
  readonly maxServiceLogBytes: number
  /** Submodules of a workspace, those of submodules among them. A plan that has more is refused. */
  readonly maxSubmodules: number
  /** Submodules, one in another. */
  readonly maxSubmoduleDepth: number
  /** Files of Git LFS of one repository. A plan that has more is refused. */
  readonly maxLfsFiles: number
  /** Bytes of them together. */
  readonly maxLfsBytes: number
}

export const WORKER_LIMITS: WorkerLimits = {
  maxPatchBytes: 64 * 2 ** 20,
  maxChangedFiles: 100_000,
  maxFileBytes: 256 * 2 ** 20,
  maxEntries: 1_000_000,
  // git is asked once for each level what of it is ignored.
  maxDepth: 128,
  maxOutputBytes: 2 ** 30,
  maxSnapshotBytes: 16 * 2 ** 30,
  maxLogBytes: 256 * 2 ** 20,
  maxInputBytes: 16 * 2 ** 20,
  maxServiceLogBytes: 16 * 2 ** 20,
  maxSubmodules: 256,
  maxSubmoduleDepth: 8,
  maxLfsFiles: 100_000,
  maxLfsBytes: 16 * 2 ** 30,
}
