import type { Executor, Exit, StepTask, Worker } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { hasCode, orAbort, retry, SeamError, toSeamError } from '@seamark/kit'
import type { LaunchEnd } from './commands.ts'
import type { Ended, Exits } from './exits.ts'
import { watchExits } from './exits.ts'

export interface ConductorOptions {
  readonly executors: readonly Executor[]
  readonly worker: Worker
  readonly clock: Clock
  readonly random: () => number
  /** Reports the one end of a launch; resolves when it is durable. */
  ended(task: StepTask, end: LaunchEnd): Promise<void>
  /** The remains of an ended launch are gone. */
  cleaned(launchId: string): void
  /** Something failed that is being tried again. */
  notice(error: Error): void
}

/** Turns durable launch records into processes, and their ends into commands. */
export interface Conductor {
  /** `attach` when the launch may have been started by an engine before this one. */
  start(task: StepTask, executor: string, mode: 'launch' | 'attach'): void
  /** Asks a launch to stop. Idempotent; its end is reported as ever. */
  stop(task: Pick<StepTask, 'launchId' | 'fence'>): void
  /** Removes what an ended launch left. */
  clean(task: StepTask, executor: string): void
  /** Stops reporting. Processes go on where their executor outlives the service. */
  close(): Promise<void>
}

// Enough for a service that restarts; after it the attempt fails and its own retries decide.
const PATIENCE = { attempts: 8, minDelayMs: 100, maxDelayMs: 10_000 }

interface Tracked {
  readonly executor: string
  readonly abort: AbortController
  stopping: boolean
  started: boolean
}

export function conductor(options: ConductorOptions): Conductor {
  const { worker } = options
  const patience = { ...PATIENCE, clock: options.clock, random: options.random }
  const tracked = new Map<string, Tracked>()
  const cleaning = new Set<string>()
  const open = new Set<Promise<void>>()
  const closing = new AbortController()
  const executors = new Map<string, { executor: Executor; exits: Exits }>()
  for (const executor of options.executors)
    executors.set(executor.name, {
      executor,
      exits: watchExits(executor, options.clock, (error) => options.notice(error)),
    })

  function seamOf(name: string): { executor: Executor; exits: Exits } {
    const found = executors.get(name)
    if (found === undefined)
      throw new SeamError('UNAVAILABLE', `Executor ${name} is not configured any more.`, {
        remedy: 'Configure it again, or cancel the run.',
      })
    return found
  }

  /** Starts the launch unless it is there; `undefined` once there is a process or there was one. */
  async function ensure(
    task: StepTask,
    { executor, exits }: { executor: Executor; exits: Exits },
    mode: 'launch' | 'attach',
    mine: Tracked,
  ): Promise<LaunchEnd | undefined> {
    const { launchId } = task
    if (mode === 'attach') {
      const state = await retry(() => executor.attach(launchId), { ...patience, signal: closing.signal })
      exits.learned(launchId, state)
      if (state.state !== 'unknown') return undefined
    }
    if (mine.stopping) return { type: 'canceled' }
    let spec
    try {
      spec = await worker.prepare(task, executor, { signal: mine.abort.signal })
    } catch (error) {
      return mine.stopping ? { type: 'canceled' } : failed('prepare', error)
    }
    if (mine.stopping) return { type: 'canceled' }
    try {
      // Safe to repeat: a launch is idempotent by its id.
      const answer = await retry(() => executor.launch(launchId, spec), { ...patience, signal: closing.signal })
      if (answer.outcome === 'refused')
        return { type: 'refused', ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }) }
    } catch (error) {
      return hasCode(error, 'CONFLICT') ? { type: 'lost' } : failed('launch', error)
    }
    return undefined
  }

  async function conduct(task: StepTask, name: string, mode: 'launch' | 'attach', mine: Tracked): Promise<LaunchEnd> {
    const seam = seamOf(name)
    const ended = seam.exits.wait(task.launchId)
    const early = await ensure(task, seam, mode, mine)
    if (early !== undefined) return early
    mine.started = true
    if (mine.stopping) kill(task.launchId, seam.executor)
    const exited = ended.then(exitOf)
    // Capture drives the runtime again from its stored output where following it failed.
    const followed = worker.follow(task, seam.executor, exited, { signal: closing.signal }).catch((error: unknown) => {
      if (!hasCode(error, 'ABORTED')) options.notice(toSeamError(error))
    })
    const end = await orAbort(ended, closing.signal)
    await followed
    if (end.state === 'lost') return { type: 'lost' }
    try {
      const report = await retry(() => worker.capture(task, seam.executor, end.exit, { signal: closing.signal }), {
        ...patience,
        signal: closing.signal,
      })
      return { type: 'report', exit: end.exit, report }
    } catch (error) {
      return failed('capture', error)
    }
  }

  function kill(launchId: string, executor: Executor): void {
    keep(retry(() => executor.kill(launchId), { ...patience, signal: closing.signal }))
  }

  function keep(work: Promise<void>): void {
    const kept = work.catch((error: unknown) => {
      if (!closing.signal.aborted) options.notice(toSeamError(error))
    })
    open.add(kept)
    void kept.finally(() => open.delete(kept))
  }

  return {
    start(task, name, mode) {
      const key = `${task.launchId}#${task.fence}`
      if (tracked.has(key)) return
      const mine: Tracked = { executor: name, abort: new AbortController(), stopping: false, started: false }
      tracked.set(key, mine)
      const work = conduct(task, name, mode, mine)
        .catch((error: unknown) => failed('launch', error))
        .then(async (end) => {
          if (closing.signal.aborted) return
          executors.get(name)?.exits.forget(task.launchId)
          // Tracked until its end is durable: until then the state still says that it runs.
          await options.ended(task, end)
          tracked.delete(key)
        })
      keep(work)
    },
    stop({ launchId, fence }) {
      const mine = tracked.get(`${launchId}#${fence}`)
      if (mine === undefined || mine.stopping) return
      mine.stopping = true
      mine.abort.abort()
      const seam = executors.get(mine.executor)
      if (mine.started && seam !== undefined) kill(launchId, seam.executor)
    },
    clean(task, name) {
      const { launchId } = task
      if (cleaning.has(launchId)) return
      cleaning.add(launchId)
      const work = async () => {
        await retry(() => worker.release(task, { signal: closing.signal }), { ...patience, signal: closing.signal })
        const executor = executors.get(name)?.executor
        if (executor !== undefined) await retry(() => executor.reap(launchId), { ...patience, signal: closing.signal })
        options.cleaned(launchId)
      }
      keep(work().finally(() => cleaning.delete(launchId)))
    },
    async close() {
      closing.abort()
      for (const { abort } of tracked.values()) abort.abort()
      for (const { exits } of executors.values()) exits.close()
      await Promise.all(open)
    },
  }
}

function exitOf(end: Ended): Exit {
  if (end.state === 'lost') throw new SeamError('UNAVAILABLE', 'The launch is lost.')
  return end.exit
}

function failed(stage: 'prepare' | 'launch' | 'capture', error: unknown): LaunchEnd {
  const { code, message } = toSeamError(error)
  return { type: 'error', stage, code, detail: message }
}
