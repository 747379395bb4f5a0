import type { Problem } from './error.ts'
import type { CallOptions, Claim, LimitStrength, Seam } from './seam.ts'

/** How strongly an attempt is separated from its host, weakest first. */
export type Isolation = 'none' | 'namespace' | 'container' | 'vm'

/** What an executor promises. */
export interface ExecutorGuarantees {
  readonly isolation: Claim<Isolation>
  /** What network an attempt has: the host's own, none, or only a gateway's socket. */
  readonly network: Claim<'host' | 'none' | 'gateway'>
  /**
   * `private`: a mount's `target` is honoured. `host`: the attempt sees host paths, so a mount's
   * `target` must equal its `source`.
   */
  readonly filesystem: 'private' | 'host'
  /** `proven`: no process of the attempt is alive when it is reported as exited. */
  readonly tree: Claim<'proven' | 'best-effort'>
  readonly limits: {
    readonly cpu: Claim<LimitStrength>
    readonly memory: Claim<LimitStrength>
    readonly pids: Claim<LimitStrength>
    readonly disk: Claim<LimitStrength>
    readonly wallClock: Claim<LimitStrength>
    /** Time without output. Absent: it does not hold it. */
    readonly idle?: Claim<LimitStrength>
  }
  /** What holds a launch where its `limits` say nothing, each by itself, as far as `limits` above holds it. Absent: nothing. */
  readonly defaultLimits?: LaunchLimits
  /** What no launch gets more of, whatever its `limits` say. Absent: what they say is what it gets. */
  readonly mostLimits?: LaunchLimits
  /**
   * Why no program of an attempt can reach the gateway's socket, where that is so. What stands on a backend may know it only after
   * `unavailable` has asked that.
   */
  readonly noWayOut?: Problem
  /** Images that companions of an attempt may have, by digest. Absent: it starts none. */
  readonly companions?: readonly string[]
  /** Whether `send` is there. */
  readonly input: boolean
  /** Whether attempts go on while no service is connected, and are found again by `attach`. */
  readonly outlivesService: boolean
}

/** A host folder or file that an attempt sees. */
export interface Mount {
  /** Absolute path on the executor's host. */
  readonly source: string
  /** Absolute path inside the sandbox. */
  readonly target: string
  readonly mode: 'read-only' | 'read-write'
}

/**
 * What one attempt's process tree may use, all of it together. Wall-clock time is `timeoutMs`. A breach ends the tree, with
 * the reason `memory`, `pids`, `disk` or `idle`; of `cpu` there is no breach, and a process over `pids` may as well not start.
 */
export interface LaunchLimits {
  /** Processors, down to thousandths. */
  readonly cpu?: number
  readonly memoryBytes?: number
  /** Processes and threads. */
  readonly pids?: number
  /** What its writable folders hold. */
  readonly diskBytes?: number
  /** Without a byte on stdout or stderr for so long. */
  readonly idleMs?: number
}

/**
 * A container of its own beside an attempt's program, on the same network, such as of a database. It starts with the program, has the limits
 * of the launch, and has ended when the launch is told to have.
 */
export interface Companion {
  /** 1 to 63 of `a-z`, `0-9`, `_` and `-`; each once in a launch. */
  readonly name: string
  /** One of `guarantees.companions`. */
  readonly image: string
  /** Program and arguments, at least one. What the image would start by itself is added at the end. */
  readonly argv: readonly string[]
  /** Beside the variables of the image; they count more. */
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
}

/** Everything needed to start one process tree. Nothing is inherited from the service. */
export interface LaunchSpec {
  /** Program and arguments, at least one. */
  readonly argv: readonly string[]
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  /** Absolute working folder, inside the sandbox. */
  readonly cwd: string
  readonly mounts: readonly Mount[]
  /** Wall-clock limit from start; past it the tree is killed and the reason is `timeout`. */
  readonly timeoutMs?: number
  /** Limit on stdout and stderr together; past it the tree is killed and the reason is `output`. */
  readonly maxOutputBytes?: number
  /** One that the executor can not hold (`guarantees.limits`) is refused with `INVALID_INPUT`. */
  readonly limits?: LaunchLimits
  /**
   * Absolute folder, inside the sandbox. What tries to write below it where the mounts let nothing be written is told in
   * `Exit.refusedWrites`, by an executor that can see it. It is refused in any case.
   */
  readonly tellRefusedWrites?: string
  /** At most 8; one that the executor can not start (`guarantees.companions`) is refused with `INVALID_INPUT`. */
  readonly companions?: readonly Companion[]
  /** Whether standard input is a pipe fed by `send` (only where `guarantees.input`) or empty. */
  readonly stdin?: 'pipe' | 'none'
}

/**
 * Why an attempt's process tree came to its end. `interrupted`: what runs it ended it and was not asked to, such as a container
 * engine that stopped; its program is not to blame.
 */
export type ExitReason =
  | 'exited'
  | 'signaled'
  | 'killed'
  | 'timeout'
  | 'idle'
  | 'output'
  | 'memory'
  | 'pids'
  | 'disk'
  | 'interrupted'
  | 'not-started'

/** How a process tree ended. */
export interface Exit {
  /** Exit code of the first process, where it exited by itself. */
  readonly code?: number
  /** Signal name such as `SIGKILL`, where a signal ended the first process. */
  readonly signal?: string
  readonly reason: ExitReason
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Epoch milliseconds; by now the whole tree is dead where `guarantees.tree` says so. */
  readonly endedAt: number
  /** Bytes written to stdout and stderr together. */
  readonly outputBytes: number
  /** Where the executor runs images: the digest of the one that it ran in, `sha256:` and 64 hexadecimal digits. */
  readonly image?: string
  /** What was still running when the first process ended. Absent where the executor does not know, or could not find out. */
  readonly left?: LeftProcesses
  /** For a launch with `tellRefusedWrites`. Absent where the executor can not see them. */
  readonly refusedWrites?: RefusedWrites
  /** For `not-started`: what the host said, such as `ENOENT: no such program`. For `interrupted`: what ended it. Never a secret. */
  readonly detail?: string
}

/** Processes that a program left running, which were killed then. */
export interface LeftProcesses {
  /** How many: 0 where there were none. */
  readonly processes: number
  /** Different names of five of them at most, as the kernel has them: what a program calls itself, without control characters. */
  readonly names: readonly string[]
}

/** Writes that the mounts of a sandbox refused. */
export interface RefusedWrites {
  /** How many calls, at least: of an attempt that was killed, one for each path. */
  readonly count: number
  /** Different ones of eight paths at most, inside the sandbox, without links and control characters; a long one is cut. */
  readonly paths: readonly string[]
}

/**
 * What an executor knows of a launch. `lost`: it was launched and its end can not be known any
 * more; nothing of it runs. `unknown`: it was never launched here.
 */
export type LaunchState =
  | { readonly state: 'running'; readonly startedAt: number }
  | { readonly state: 'exited'; readonly exit: Exit }
  | { readonly state: 'lost' }
  | { readonly state: 'unknown' }

/**
 * The answer to `launch`. `launched`: it is running or already ended, started by this or an
 * earlier call. `refused`: no capacity now; nothing was started and it may be tried again. With `problem` the backend is away
 * and was not reached: nothing was started by this call, and nothing is known of earlier ones.
 */
export type LaunchAnswer =
  | { readonly outcome: 'launched' }
  | {
      readonly outcome: 'refused'
      readonly reason: 'capacity'
      readonly retryAfterMs?: number
      /** What is away, and what brings it back. */
      readonly problem?: Problem
    }

/** One change of state. A cursor is an opaque string that `events` resumes from. */
export interface ExecutorEvent {
  readonly cursor: string
  readonly launchId: string
  readonly state: LaunchState
}

export type OutputStream = 'stdout' | 'stderr'

/**
 * Where and how an attempt runs. A `launchId` is `sm` + 32 lower-case base32 characters: valid as
 * a DNS label and as a client token.
 */
export interface Executor extends Seam<'executor/v1', ExecutorGuarantees> {
  /**
   * Starts a process tree. Idempotent by `launchId`: a second call with the same id starts nothing.
   * A program that can not be started is not an error here: the launch ends with reason `not-started`.
   *
   * Errors: `CONFLICT` after `reap` of the same id (its tombstone stays), `INVALID_INPUT` for a
   * spec that can not be honoured, `UNAVAILABLE` when the backend is away and the call may have reached it.
   */
  launch(launchId: string, spec: LaunchSpec, options?: CallOptions): Promise<LaunchAnswer>

  /** What is known of a launch, now. Errors: `UNAVAILABLE`. */
  attach(launchId: string, options?: CallOptions): Promise<LaunchState>

  /**
   * State changes of all launches of this executor, in order, at least once each, without end.
   * Without a cursor it starts with the changes of launches that are not reaped.
   */
  events(cursor: string | undefined, options?: CallOptions): AsyncIterable<ExecutorEvent>

  /**
   * The bytes of one stream from an offset; follows a running launch and ends when it has ended.
   * Errors: `NOT_FOUND` for an unknown or reaped launch.
   */
  output(launchId: string, stream: OutputStream, fromByte: number, options?: CallOptions): AsyncIterable<Uint8Array>

  /**
   * Kills the whole process tree. Resolves when the request is accepted; the end comes as an event
   * with reason `killed`. Idempotent; unknown and ended launches are left as they are.
   */
  kill(launchId: string, options?: CallOptions): Promise<void>

  /** All launches that are not reaped. */
  list(options?: CallOptions): AsyncIterable<{ readonly launchId: string; readonly state: LaunchState }>

  /**
   * Kills the launch if it runs, removes everything it left in the backend and leaves a tombstone:
   * a `launch` of the same id afterwards is `CONFLICT`, also when it was never launched before.
   * Idempotent.
   */
  reap(launchId: string, options?: CallOptions): Promise<void>

  /**
   * Writes to standard input of a launch with `stdin: 'pipe'`. Only where `guarantees.input`. Resolves when the bytes are on
   * their way to the program, after those of earlier calls: a program that reads slowly holds it up.
   *
   * Errors: `NOT_FOUND` for an unknown or reaped launch, `CONFLICT` for one that has ended or takes no input.
   */
  send?(launchId: string, bytes: Uint8Array, options?: CallOptions): Promise<void>

  /** Why no attempt can be started here now, found by trying; `undefined` where one can. Asked at submissions until one could, and by `doctor`. */
  unavailable?(options?: CallOptions): Promise<Problem | undefined>

  /**
   * What its sandboxes are made with now, as words: what was probed holds for just these. Example:
   * `{ engine: 'bubblewrap 0.8.0', configuration: '<digest>' }`. Absent: it can not say, so nothing that was probed counts.
   * Errors: `UNAVAILABLE`.
   */
  basis?(options?: CallOptions): Promise<Readonly<Record<string, string>>>

  /** What earlier services left behind and this executor found and killed at its start. */
  leftovers?(options?: CallOptions): AsyncIterable<{ readonly launchId: string; readonly processes: number }>

  /** Lets go of connections. Attempts go on where `guarantees.outlivesService`. Idempotent. */
  close?(): Promise<void>
}
