import type { ExitReason, LeftProcesses, RefusedWrites } from '@seamark/core'

/** How one kind of attempt is started, killed and judged. */
export interface StartPlan {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Open descriptors that the process gets from number 3 on; closed here after the start. */
  readonly descriptors: readonly number[]
  /** Whether the program waits until the pipe after the descriptors is closed; otherwise it runs at once. */
  readonly gated: boolean
  /** Whether the descriptor after that pipe is one to which its first process says how it ended. */
  readonly reports?: boolean
  readonly uid?: number
  readonly gid?: number
  /** Kills the whole tree of the first process, as far as it can be known at once. */
  kill(pid: number): void
  /** After the first process ended: resolves when nothing of its tree runs any more. */
  settle(pid: number): Promise<void>
  /** What an end of the first process means; `said` is what it wrote where it `reports`. */
  judge(code: number | null, signal: NodeJS.Signals | null, said: Uint8Array): Judgement
}

export interface Judgement {
  readonly reason: Extract<ExitReason, 'exited' | 'signaled' | 'not-started'>
  readonly code?: number
  readonly signal?: string
  readonly left?: LeftProcesses
  readonly refusedWrites?: RefusedWrites
  /** For `not-started`, where it is known already. */
  readonly detail?: string
}
