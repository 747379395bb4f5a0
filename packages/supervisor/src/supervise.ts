import type { ExecutorEvent, LaunchAnswer, LaunchState, OutputStream } from '@seamark/core'
import { hasCode, SeamError, sleep } from '@seamark/kit'
import { closeSync, rmSync, statSync } from 'node:fs'
import { failedAttempt, startAttempt, type Attempt, type StartMeans } from './attempt.ts'
import { hasNoSpace, refusal } from './capacity.ts'
import { openBounds } from './bounds.ts'
import { endLeftGroups, openCgroups, type Cgroups, type LaunchGroup } from './cgroups.ts'
import { openCapture } from './capture.ts'
import { openChanges } from './changes.ts'
import { handOver, openToRead } from './handover.ts'
import { sandboxIdentity } from './identity.ts'
import type { LaunchRequest } from './launch-request.ts'
import { outputPath, statusPath, type Layout } from './paths.ts'
import { openPipes } from './pipes.ts'
import { plainPlan } from './plain-plan.ts'
import { bootId, processAt } from './procfs.ts'
import { sharedLooks } from './process-tree.ts'
import { recover } from './recover.ts'
import { sandboxPlan } from './sandbox-plan.ts'
import { openStreams, type StandardStreams } from './standard-streams.ts'
import { stateOf, type Launch, type Store } from './store.ts'
import { openSweep } from './sweep.ts'
import { openTurns } from './turns.ts'

/** How far a stream has come, and whether it will grow. */
export interface OutputProgress {
  readonly size: number
  readonly ended: boolean
}

/** What a supervisor does, for any number of executors, each known by its name. */
export interface Supervision {
  /** Launches that run. */
  readonly running: number
  launch(executor: string, launchId: string, request: LaunchRequest): Promise<LaunchAnswer>
  attach(executor: string, launchId: string): Promise<LaunchState>
  kill(executor: string, launchId: string): Promise<void>
  send(executor: string, launchId: string, bytes: Uint8Array): Promise<void>
  reap(executor: string, launchId: string): Promise<void>
  /** Resolves when the stream is longer than `beyond` or has ended. Errors: `NOT_FOUND`. */
  progress(executor: string, launchId: string, stream: OutputStream, beyond: number): Promise<OutputProgress>
  list(executor: string): { launchId: string; state: LaunchState }[]
  leftovers(executor: string): { launchId: string; processes: number }[]
  /** All changes after a cursor, then each new one. Returns what stops it. */
  follow(executor: string, cursor: string | undefined, push: (event: ExecutorEvent) => void): () => void
  /** Kills everything and resolves when it is dead and recorded. */
  killAll(): Promise<void>
  /** Lets go of what was kept ready for launches that will not come. */
  close(): Promise<void>
}

export interface SuperviseOptions {
  readonly layout: Layout
  readonly store: Store
  /** Called whenever the last running launch has ended. */
  readonly onIdle: () => void
  /** Called where going on would be wrong, such as after a failed sync. */
  readonly onFatal: (error: unknown) => void
}

/** Finds and ends what an earlier supervisor left, then takes over its state. */
export async function supervise({ layout, store, onIdle, onFatal }: SuperviseOptions): Promise<Supervision> {
  const attempts = new Map<string, Attempt>()
  const ends = new Map<string, Promise<void>>()
  const changes = openChanges(store)
  const turns = openTurns()
  const sweep = openSweep(layout.id)
  const boot = bootId()
  const identity = sandboxIdentity()
  const [late, pipes] = await Promise.all([recover(layout, store, sweep, boot), openPipes(layout.pipes, identity)])
  await endLeftGroups(layout)
  let cgroups: Cgroups | undefined
  const boundsHost = { cgroups: () => (cgroups ??= openCgroups(layout)), processes: sharedLooks() }

  const known = (executor: string, launchId: string): Launch | undefined => {
    const launch = store.launches.get(launchId)
    return launch?.executor === executor ? launch : undefined
  }
  const mustKnow = (executor: string, launchId: string): Launch => {
    const launch = known(executor, launchId)
    if (launch === undefined) throw new SeamError('NOT_FOUND', `There is no launch ${launchId} here.`)
    return launch
  }

  const planOf = (launchId: string, request: LaunchRequest, group: LaunchGroup | undefined) =>
    request.sandbox === undefined
      ? plainPlan(layout, launchId, request, sweep)
      : sandboxPlan(layout, launchId, request.argv, request.sandbox, identity, group)

  const meansOf = async (launchId: string, request: LaunchRequest): Promise<StartMeans> => {
    const { limits, sandbox, stdin } = request
    const bounds =
      limits === undefined
        ? undefined
        : await openBounds(launchId, limits, sandbox ?? { writable: [], promised: [] }, boundsHost)
    let streams: StandardStreams | undefined
    try {
      streams = await openStreams(pipes, stdin)
      return { streams, plan: planOf(launchId, request, bounds?.group), ...(bounds !== undefined && { bounds }) }
    } catch (error) {
      streams?.finish()
      await bounds?.close()
      throw error
    }
  }

  /** Lets go of what nothing was started with. */
  const dispose = (launchId: string, { streams, plan, bounds }: StartMeans) => {
    streams.finish()
    void bounds?.close()
    for (const fd of plan.descriptors) closeSync(fd)
    rmSync(statusPath(layout, launchId), { force: true })
  }

  const recordEnd = async (attempt: Attempt, launch: Launch) => {
    const exit = await attempt.ended
    for (;;) {
      try {
        const { seq, durable } = store.exited(launch.launchId, exit)
        changes.reserve(seq)
        const state = stateOf(await durable)
        attempts.delete(launch.launchId)
        ends.delete(launch.launchId)
        changes.tell(seq, launch.executor, launch.launchId, state)
        break
      } catch (error) {
        // The end is reported only when it is durable; a full disk may get room again.
        if (!hasCode(error, 'UNAVAILABLE')) return onFatal(error)
        await sleep(250)
      }
    }
    // Nobody who waits for the end waits for this.
    attempt.tidy()
    if (attempts.size === 0) onIdle()
  }

  // It helps the supervisor after this one to find what drops its marks: worth waiting for room, and no reason to kill.
  const noteProcess = async (attempt: Attempt, launchId: string, process: { pid: number; start: string }) => {
    while (attempts.get(launchId) === attempt) {
      try {
        return store.started(launchId, { ...process, boot })
      } catch (error) {
        if (!hasCode(error, 'UNAVAILABLE')) return onFatal(error)
        await sleep(250)
      }
    }
  }

  // True when the launch is as if it had never been asked for.
  const withdraw = (launchId: string): Promise<boolean> =>
    store.withdrawn(launchId).then(
      () => true,
      () => false,
    )

  const start = async (executor: string, launchId: string, request: LaunchRequest): Promise<LaunchAnswer> => {
    if (request.sandbox !== undefined && identity !== undefined) {
      for (const path of request.sandbox.readable) await openToRead(path, layout.data, identity)
      await handOver(request.sandbox.writable, layout.data, identity)
    }
    // All that needs room on the disk comes first, so that a disk without room is found out before anything counts.
    const ready = await meansOf(launchId, request).then(
      (means) => ({ means }),
      (error: unknown) => ({ error }),
    )
    const refused = 'error' in ready ? refusal(ready.error) : undefined
    if (refused !== undefined) return refused
    const startedAt = Date.now()
    // From here on it counts as started, whatever happens: it can end as lost, but never run twice.
    let launched
    try {
      launched = store.launched(launchId, executor, startedAt)
    } catch (error) {
      if ('means' in ready) dispose(launchId, ready.means)
      const none = hasNoSpace(error) ? refusal(error) : undefined
      if (none === undefined) throw error
      return none
    }
    const { launch, durable } = launched
    changes.reserve(launch.startSeq)
    const tell = (state: LaunchState | undefined) => changes.tell(launch.startSeq, executor, launchId, state)
    if (request.sandbox === undefined) await durable
    const capture = openCapture(layout, launchId, request.maxOutputBytes ?? Infinity)
    let attempt: Attempt
    try {
      if ('error' in ready) throw ready.error
      attempt = await startAttempt(layout, launchId, request, ready.means, capture, startedAt)
    } catch (error) {
      await durable
      const none = refusal(error)
      if (none !== undefined && (await withdraw(launchId))) {
        tell(undefined)
        return none
      }
      attempt = failedAttempt(capture, startedAt, error)
    }
    try {
      await Promise.all([durable, attempt.held])
    } catch (error) {
      // Its gate is closed, so nothing of it ran; without a disk the supervisor can not go on.
      attempt.kill('disk')
      onFatal(error)
      throw error
    }
    attempt.release()
    attempts.set(launchId, attempt)
    tell(attempt.pid === undefined ? undefined : stateOf(launch))
    ends.set(launchId, recordEnd(attempt, launch))
    if (attempt.pid === undefined) return { outcome: 'launched' }
    const first = processAt(attempt.pid)
    if (first !== undefined) void noteProcess(attempt, launchId, { pid: attempt.pid, start: first.start })
    return { outcome: 'launched' }
  }

  return {
    get running() {
      return attempts.size
    },
    launch: (executor, launchId, request) =>
      turns.take(launchId, async () => {
        if (store.isReaped(launchId))
          throw new SeamError('CONFLICT', `The launch ${launchId} was reaped; it never starts again.`)
        const launch = store.launches.get(launchId)
        if (launch !== undefined && launch.executor !== executor)
          throw new SeamError('CONFLICT', `The launch ${launchId} belongs to executor "${launch.executor}".`)
        return launch === undefined ? start(executor, launchId, request) : { outcome: 'launched' }
      }),
    attach: (executor, launchId) =>
      turns.take(launchId, async () => {
        const launch = known(executor, launchId)
        return launch === undefined ? { state: 'unknown' } : stateOf(launch)
      }),
    kill: (executor, launchId) =>
      turns.take(launchId, async () => {
        if (known(executor, launchId) !== undefined) attempts.get(launchId)?.kill('killed')
      }),
    async send(executor, launchId, bytes) {
      const launch = mustKnow(executor, launchId)
      const attempt = attempts.get(launchId)
      if (attempt === undefined) throw new SeamError('CONFLICT', `The launch ${launch.launchId} has ended.`)
      await attempt.send(bytes)
    },
    reap: (executor, launchId) =>
      turns.take(launchId, async () => {
        if (store.isReaped(launchId)) return
        const launch = store.launches.get(launchId)
        if (launch !== undefined && launch.executor !== executor)
          throw new SeamError('CONFLICT', `The launch ${launchId} belongs to executor "${launch.executor}".`)
        attempts.get(launchId)?.kill('killed')
        await ends.get(launchId)
        await store.reaped(launchId)
        for (const path of [
          outputPath(layout, launchId, 'stdout'),
          outputPath(layout, launchId, 'stderr'),
          statusPath(layout, launchId),
        ])
          rmSync(path, { force: true })
      }),
    async progress(executor, launchId, stream, beyond) {
      mustKnow(executor, launchId)
      const capture = attempts.get(launchId)?.capture
      if (capture !== undefined) {
        await capture.growth(stream, beyond)
        if (capture.size(stream) > beyond) return { size: capture.size(stream), ended: false }
        await ends.get(launchId)
        mustKnow(executor, launchId)
      }
      const file = statSync(outputPath(layout, launchId, stream), { throwIfNoEntry: false })
      return { size: file?.size ?? 0, ended: true }
    },
    list: (executor) =>
      [...store.launches.values()]
        .filter((launch) => launch.executor === executor)
        .map((launch) => ({ launchId: launch.launchId, state: stateOf(launch) })),
    leftovers: (executor) =>
      [...store.launches.values()].flatMap((launch) => {
        const processes = launch.lost?.processes ?? late.get(launch.launchId) ?? 0
        return launch.executor === executor && processes > 0 ? [{ launchId: launch.launchId, processes }] : []
      }),
    follow: (executor, cursor, push) => changes.follow(executor, cursor, push),
    async killAll() {
      for (const attempt of attempts.values()) attempt.kill('killed')
      await Promise.all(ends.values())
    },
    async close() {
      cgroups?.close()
      await pipes.close()
    },
  }
}
