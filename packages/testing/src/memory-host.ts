import type { Exit, ExitReason, ExecutorEvent, LaunchSpec, LaunchState, OutputStream } from '@seamark/core'
import { SeamError, systemClock, toSeamError } from '@seamark/kit'
import type { Clock } from '@seamark/kit'
import { memoryPrograms } from './memory-programs.ts'
import type { MemoryProgram } from './memory-programs.ts'

export interface MemoryHostOptions {
  /** Default: the machine's. Program `sleep` always uses the machine's. */
  readonly clock?: Clock
  /** Further programs, by the first word of `argv`. */
  readonly programs?: Readonly<Record<string, MemoryProgram>>
  /** How many attempts run at once; more are refused for want of capacity. Default: any number. */
  readonly capacity?: number
}

/** One launch on a host in memory. */
export interface MemoryLaunch {
  readonly launchId: string
  readonly output: Record<OutputStream, Uint8Array[]>
  state: LaunchState
  kill(reason: ExitReason): void
  send(bytes: Uint8Array): void
}

/** The backing store of in-memory executors: what goes on while no executor is open. */
export interface MemoryHost {
  readonly launches: ReadonlyMap<string, MemoryLaunch>
  /** Changes in order; the cursor of an event is its place in here. */
  readonly changes: readonly ExecutorEvent[]
  /** Whether another attempt may start now. */
  hasRoom(): boolean
  isReaped(launchId: string): boolean
  start(launchId: string, spec: LaunchSpec): void
  /** Ends the launch as lost, as when a host breaks down. */
  lose(launchId: string): void
  reap(launchId: string): void
  /** Resolves at the next change of state or output. */
  changed(): Promise<void>
}

/** A host on which programs are functions and nothing is isolated from the test. */
export function memoryHost(options: MemoryHostOptions = {}): MemoryHost {
  const clock = options.clock ?? systemClock
  const programs: Readonly<Record<string, MemoryProgram>> = { ...memoryPrograms, ...options.programs }
  const launches = new Map<string, MemoryLaunch>()
  const reaped = new Set<string>()
  const changes: ExecutorEvent[] = []
  let waiting = Promise.withResolvers<void>()

  const wake = () => {
    waiting.resolve()
    waiting = Promise.withResolvers()
  }
  const change = (launch: MemoryLaunch, state: LaunchState) => {
    launch.state = state
    changes.push({ cursor: String(changes.length + 1), launchId: launch.launchId, state })
    wake()
  }

  const start = (launchId: string, spec: LaunchSpec) => {
    const startedAt = clock.now()
    const killed = new AbortController()
    const input: Uint8Array[] = []
    let cause: ExitReason | undefined
    let bytes = 0
    const kill = (reason: ExitReason) => {
      cause ??= reason
      killed.abort()
    }
    const launch: MemoryLaunch = {
      launchId,
      output: { stdout: [], stderr: [] },
      state: { state: 'running', startedAt },
      kill,
      send(more) {
        if (spec.stdin !== 'pipe' || launch.state.state !== 'running')
          throw new SeamError('CONFLICT', 'The launch takes no input.', {
            remedy: 'Launch with stdin "pipe" and send while it runs.',
          })
        input.push(more)
        wake()
      },
    }
    launches.set(launchId, launch)
    change(launch, launch.state)

    // Time without output, counted anew at each write.
    let calm: () => void = () => undefined
    const stir = () => {
      calm()
      const idleMs = spec.limits?.idleMs
      if (idleMs !== undefined) calm = clock.at(clock.now() + idleMs, () => kill('idle'))
    }
    stir()
    const end = (how: Pick<Exit, 'reason' | 'code' | 'signal' | 'detail'>) => {
      disarm()
      calm()
      if (launch.state.state !== 'running') return
      change(launch, { state: 'exited', exit: { ...how, startedAt, endedAt: clock.now(), outputBytes: bytes } })
      killed.abort()
    }
    const disarm =
      spec.timeoutMs === undefined ? () => undefined : clock.at(startedAt + spec.timeoutMs, () => kill('timeout'))
    const write = (stream: OutputStream, more: Uint8Array) => {
      if (killed.signal.aborted) throw new SeamError('ABORTED', 'The tree is dead.')
      const room = (spec.maxOutputBytes ?? Infinity) - bytes
      const kept = more.slice(0, Math.min(more.byteLength, room))
      bytes += kept.byteLength
      stir()
      launch.output[stream].push(kept)
      wake()
      if (kept.byteLength < more.byteLength) kill('output')
    }
    const use = (what: 'memory' | 'pids' | 'disk', amount: number) => {
      const { memoryBytes, pids, diskBytes } = spec.limits ?? {}
      const limit = { memory: memoryBytes, pids, disk: diskBytes }[what] ?? Infinity
      if (amount <= limit) return
      kill(what)
      throw new SeamError('ABORTED', 'The tree is dead.')
    }
    const stdin = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        for (let next = input.shift(); next !== undefined; next = input.shift()) yield next
        if (spec.stdin !== 'pipe' || killed.signal.aborted) return
        await waiting.promise
      }
    }

    const [name = '', ...args] = spec.argv
    const program = programs[name]
    if (program === undefined) return end({ reason: 'not-started', detail: `ENOENT: no such program: ${name}` })
    const known = spec.cwd === '/' || resolveIn(spec, spec.cwd, 'read') !== undefined
    if (!known) return end({ reason: 'not-started', detail: `ENOENT: no such folder: ${spec.cwd}` })
    const { env, cwd } = spec
    const killedEarly = Promise.withResolvers<never>()
    killed.signal.addEventListener('abort', () => killedEarly.reject(new SeamError('ABORTED', 'The tree is dead.')))
    void Promise.race([
      program({
        args,
        env,
        cwd,
        stdin: stdin(),
        signal: killed.signal,
        write,
        limits: spec.limits ?? {},
        use,
        resolve: (path, mode) => resolveIn(spec, path, mode),
      }),
      killedEarly.promise,
    ]).then(
      (result) => {
        if (cause !== undefined) end({ reason: cause, signal: 'SIGKILL' })
        else if (typeof result === 'number') end({ reason: 'exited', code: result })
        else end({ reason: 'signaled', signal: result.signal })
      },
      (error: unknown) => {
        if (cause !== undefined) end({ reason: cause, signal: 'SIGKILL' })
        else end({ reason: 'exited', code: 1, detail: toSeamError(error).message })
      },
    )
  }

  return {
    launches,
    changes,
    hasRoom: () =>
      [...launches.values()].filter(({ state }) => state.state === 'running').length < (options.capacity ?? Infinity),
    isReaped: (launchId) => reaped.has(launchId),
    start,
    lose(launchId) {
      const launch = launches.get(launchId)
      if (launch?.state.state !== 'running') return
      change(launch, { state: 'lost' })
      launch.kill('killed')
    },
    reap(launchId) {
      reaped.add(launchId)
      const launch = launches.get(launchId)
      launch?.kill('killed')
      launches.delete(launchId)
      wake()
    },
    changed: () => waiting.promise,
  }
}

function resolveIn(spec: LaunchSpec, path: string, mode: 'read' | 'write'): string | undefined {
  const mount = spec.mounts
    .filter(({ target }) => path === target || path.startsWith(target + '/'))
    .toSorted((a, b) => b.target.length - a.target.length)[0]
  if (mount === undefined || (mode === 'write' && mount.mode === 'read-only')) return undefined
  return mount.source + path.slice(mount.target.length)
}
