import type {
  AttemptFact,
  AttemptPort,
  CallOptions,
  ChildrenPort,
  Executor,
  Exit,
  ItemPolicy,
  LaunchSpec,
  StepReport,
  StepTask,
  UsageAnswer,
  UsageReport,
  UsageRequest,
  Worker,
} from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { backoffMs, hasCode, isSeamError, orAbort, retry, SeamError, sleep, toSeamError } from '@seamark/kit'
import type { LaunchEnd } from './commands.ts'
import { CAPACITY_RETRY_MS } from './decide-end.ts'
import type { Exits } from './exits.ts'
import { watchExits } from './exits.ts'
import { launchPatiently, passed, PATIENCE } from './launch-patiently.ts'

export interface ConductorOptions {
  readonly executors: readonly Executor[]
  readonly worker: Worker
  readonly clock: Clock
  readonly random: () => number
  /** Reports the one end of a launch; resolves when it is durable. */
  ended(task: StepTask, end: LaunchEnd): Promise<void>
  /** Makes facts of a launch durable. Errors: those of `AttemptPort.note`. */
  note(task: StepTask, facts: readonly AttemptFact[]): Promise<void>
  /** As `UsagePort` has them. */
  reserve(task: StepTask, request: UsageRequest): Promise<UsageAnswer>
  settle(task: StepTask, id: string, report: UsageReport): Promise<void>
  /** What an attempt may have done with its children. */
  children(task: StepTask): ChildrenPort
  /** The remains of an ended launch are gone. */
  cleaned(launchId: string): void
  /** Something failed that is being tried again, or that nothing depends on. */
  readonly notice: (error: Error) => void
}

/** Turns durable launch records into processes, and their ends into commands. */
export interface Conductor {
  /** `attach` when the launch may have been started by an engine before this one. */
  start(task: StepTask, executor: string, mode: 'launch' | 'attach'): void
  /** Asks a launch to stop. Idempotent; its end is reported as ever. */
  stop(task: Pick<StepTask, 'launchId' | 'fence'>): void
  /** Removes what an ended launch left. */
  clean(task: StepTask, executor: string): void
  /** Stops reporting. Processes go on where their executor outlives the service. Never rejects. */
  close(): Promise<void>
}

// A workspace that git can not read looks like a storage that is away: it may not keep its slot for ever.
const CAPTURE_MS = 600_000

interface NoRoom {
  readonly refused: true
  readonly retryAfterMs: number
}

interface Place {
  readonly executor: Executor
  readonly exits: Exits
}

interface Tracked {
  readonly executor: string
  readonly abort: AbortController
  stopping: boolean
  started: boolean
  /** Epoch milliseconds, once it is known. */
  startedAt?: number
  /** It was killed because its time was up. */
  overdue: boolean
}

export function conductor(options: ConductorOptions): Conductor {
  const { worker, clock, notice } = options
  const tracked = new Map<string, Tracked>()
  const cleaning = new Set<string>()
  const open = new Set<Promise<void>>()
  const closing = new AbortController()
  const { signal } = closing
  // Each call below listens for as long as it takes: while one always does, the signal's listener is set once and stays.
  // It ends only with the close, which is no error.
  orAbort(new Promise<never>(() => undefined), signal).catch(() => undefined)
  const patience = { ...PATIENCE, clock, random: options.random, signal }
  const places = new Map<string, Place>()
  for (const executor of options.executors)
    places.set(executor.name, { executor, exits: watchExits(executor, clock, notice) })

  /** A call that no close has to wait for. */
  function ask<T>(call: (options: CallOptions) => Promise<T>): Promise<T> {
    return orAbort(call({ signal }), signal)
  }

  /**
   * Calls again for as long as the other side is away: to take silence for an end would let two
   * processes of one item run at once.
   */
  function insist<T>(call: (options: CallOptions) => Promise<T>): Promise<T> {
    let failures = 0
    const told = async () => {
      try {
        return await ask(call)
      } catch (error) {
        if (++failures % PATIENCE.attempts === 0 && !signal.aborted) notice(toSeamError(error))
        throw error
      }
    }
    return retry(told, { ...patience, attempts: Infinity })
  }

  /** What the worker may tell of this launch. */
  function portOf(task: StepTask): AttemptPort {
    return {
      note: (facts) => options.note(task, facts),
      usage: {
        reserve: (request) => options.reserve(task, request),
        settle: (id, report) => options.settle(task, id, report),
      },
      ...(task.step === 'main' && task.item?.children !== undefined && { children: options.children(task) }),
    }
  }

  function placeOf(name: string): Place {
    const found = places.get(name)
    if (found === undefined)
      throw new SeamError('UNAVAILABLE', `Executor ${name} is not configured.`, { remedy: 'Configure it again.' })
    return found
  }

  /** A place without room, such as a full disk, is refused like an executor without capacity; a limit of the plan is not. */
  async function prepared(task: StepTask, executor: Executor, stopped: AbortSignal): Promise<LaunchSpec | NoRoom> {
    const call = async () => {
      try {
        return await worker.prepare(task, executor, { port: portOf(task), signal: stopped })
      } catch (error) {
        if (!hasCode(error, 'LIMIT_EXCEEDED')) throw error
        return error
      }
    }
    const answer = await retry(call, { ...patience, signal: stopped })
    if (!isSeamError(answer)) return answer
    if (answer.retryAfterMs === undefined) throw answer
    notice(waiting(task, answer))
    return { refused: true, retryAfterMs: answer.retryAfterMs }
  }

  /**
   * A product that is not captured is lost, so a storage that is away or full is waited for. Not for ever: what fills
   * the disk may be the attempt's own files. Room is waited for until the step's own time is up, and hardly at all
   * where the item is to end; the worker keeps what is not captured.
   */
  async function captured(task: StepTask, executor: Executor, exit: Exit, mine: Tracked): Promise<StepReport> {
    const until = clock.now() + CAPTURE_MS
    // What ended just in time is given as long as a storage that is away.
    const timeUp = Math.max(until, exit.startedAt + (timeoutOf(task) ?? Infinity))
    for (let failures = 1; ; failures++) {
      try {
        return await worker.capture(task, executor, exit, { port: portOf(task), signal })
      } catch (error) {
        const seam = toSeamError(error)
        const full = seam.code === 'LIMIT_EXCEEDED'
        const waits = mine.stopping ? failures < PATIENCE.attempts : clock.now() < (full ? timeUp : until)
        // A limit that says no time is the plan's own.
        if (seam.consequence !== 'retry' || !waits || (full && seam.retryAfterMs === undefined)) throw seam
        if (failures % PATIENCE.attempts === 0) notice(waiting(task, seam))
        // Nobody who wants an end waits as long as it takes to make room.
        const pause = backoffMs(failures - 1, 100, 30_000, options.random())
        await sleep(full && mine.stopping ? pause : (seam.retryAfterMs ?? pause), signal, clock)
      }
    }
  }

  /** Starts the launch unless it is there; `undefined` once there is a process or there was one. */
  async function ensure(
    task: StepTask,
    { executor, exits }: Place,
    mode: 'launch' | 'attach',
    mine: Tracked,
  ): Promise<LaunchEnd | undefined> {
    const { launchId } = task
    if (mode === 'attach') {
      const state = await insist((call) => executor.attach(launchId, call))
      exits.learned(launchId, state)
      if (state.state === 'running') mine.startedAt = state.startedAt
      if (state.state !== 'unknown') return undefined
    }
    for (;;) {
      if (mine.stopping) return { type: 'canceled' }
      let spec
      try {
        spec = await prepared(task, executor, mine.abort.signal)
      } catch (error) {
        return mine.stopping ? { type: 'canceled' } : failed('prepare', error)
      }
      if (mine.stopping) return { type: 'canceled' }
      try {
        if ('refused' in spec) {
          if (task.step !== 'setup') return { type: 'refused', retryAfterMs: spec.retryAfterMs }
          await passed(spec.retryAfterMs, mine.abort.signal, clock)
          continue
        }
        const answer = await launchPatiently(() => ask((call) => executor.launch(launchId, spec, call)), {
          ...patience,
          signal: mine.abort.signal,
        })
        if (answer.outcome === 'launched') {
          mine.startedAt = clock.now()
          return undefined
        }
        const { retryAfterMs, problem } = answer
        if (problem !== undefined) notice(waiting(task, { ...problem, ...answer, problems: [problem] }))
        const detail = problem && [problem.message, problem.remedy].filter(Boolean).join(' ')
        const after = retryAfterMs === undefined ? {} : { retryAfterMs }
        if (task.step !== 'setup') return { type: 'refused', ...after, ...(detail !== undefined && { detail }) }
        // A layer holds nothing that others could use meanwhile.
        await passed(retryAfterMs ?? CAPACITY_RETRY_MS, mine.abort.signal, clock)
      } catch (error) {
        if (hasCode(error, 'CONFLICT')) return { type: 'lost' }
        if (signal.aborted) throw error
        // An answer may have been lost, so it may run: it is over only once it can not start any more.
        const { consequence } = toSeamError(error)
        if (mine.stopping || consequence === 'retry') await insist((call) => executor.reap(launchId, call))
        return mine.stopping ? { type: 'canceled' } : failed('launch', error)
      }
    }
  }

  async function conduct(task: StepTask, name: string, mode: 'launch' | 'attach', mine: Tracked): Promise<LaunchEnd> {
    const place = placeOf(name)
    const { executor, exits } = place
    const ended = exits.wait(task.launchId)
    const early = await ensure(task, place, mode, mine)
    if (early !== undefined) return early
    mine.started = true
    if (mine.stopping) kill(task.launchId, executor)
    const timeoutMs = executor.guarantees.limits.wallClock.value === 'none' ? timeoutOf(task) : undefined
    if (timeoutMs === undefined) return follow(task, executor, mine, ended, () => false)
    const cancel = clock.at((mine.startedAt ?? clock.now()) + timeoutMs, () => {
      mine.overdue = true
      kill(task.launchId, executor)
    })
    try {
      return await follow(
        task,
        executor,
        mine,
        ended,
        (exit) => !mine.stopping && (mine.overdue || tookAll(exit, timeoutMs)),
      )
    } finally {
      cancel()
    }
  }

  async function follow(
    task: StepTask,
    executor: Executor,
    mine: Tracked,
    ended: ReturnType<Exits['wait']>,
    overdue: (exit: Exit) => boolean,
  ): Promise<LaunchEnd> {
    const exited = ended.then((end) => {
      if (end.state === 'exited') return end.exit
      throw new SeamError('UNAVAILABLE', 'The launch is lost.')
    })
    // Nothing is lost: the end is taken from `ended` below. A worker that fails before it looks at this leaves nobody to.
    exited.catch(() => undefined)
    // Capture drives the runtime again from its stored output where following it failed.
    const followed = worker.follow(task, executor, exited, { port: portOf(task), signal }).catch((error: unknown) => {
      if (!hasCode(error, 'ABORTED')) notice(toSeamError(error))
    })
    const end = await orAbort(ended, signal)
    await orAbort(followed, signal)
    if (end.state === 'lost') return { type: 'lost' }
    const exit: Exit = end.exit.reason === 'killed' && overdue(end.exit) ? { ...end.exit, reason: 'timeout' } : end.exit
    try {
      return { type: 'report', exit, report: await captured(task, executor, exit, mine) }
    } catch (error) {
      return failed('capture', error)
    }
  }

  function kill(launchId: string, executor: Executor): void {
    keep(insist((call) => executor.kill(launchId, call)))
  }

  function keep(work: Promise<void>): void {
    const kept = work.catch((error: unknown) => {
      if (!signal.aborted) notice(toSeamError(error))
    })
    open.add(kept)
    void kept.finally(() => open.delete(kept))
  }

  async function run(task: StepTask, name: string, mode: 'launch' | 'attach', mine: Tracked): Promise<void> {
    const end = await conduct(task, name, mode, mine).catch((error: unknown) => failed('launch', error))
    if (signal.aborted) return
    places.get(name)?.exits.forget(task.launchId)
    // Tracked until its end is durable: until then the state still says that it runs.
    await options.ended(task, end)
    tracked.delete(`${task.launchId}#${task.fence}`)
  }

  return {
    start(task, executor, mode) {
      const key = `${task.launchId}#${task.fence}`
      if (tracked.has(key) || signal.aborted) return
      const mine: Tracked = { executor, abort: new AbortController(), stopping: false, started: false, overdue: false }
      tracked.set(key, mine)
      keep(run(task, executor, mode, mine))
    },
    stop({ launchId, fence }) {
      const mine = tracked.get(`${launchId}#${fence}`)
      if (mine === undefined || mine.stopping) return
      mine.stopping = true
      mine.abort.abort()
      const place = places.get(mine.executor)
      if (mine.started && place !== undefined) kill(launchId, place.executor)
    },
    clean(task, name) {
      const { launchId } = task
      if (cleaning.has(launchId) || signal.aborted) return
      cleaning.add(launchId)
      const work = async () => {
        await insist((call) => worker.release(task, call))
        // Where its executor is not configured, it is reaped once it is again.
        const { executor } = placeOf(name)
        await insist((call) => executor.reap(launchId, call))
        options.cleaned(launchId)
      }
      keep(work().finally(() => cleaning.delete(launchId)))
    },
    async close() {
      closing.abort()
      for (const { abort } of tracked.values()) abort.abort()
      for (const { exits } of places.values()) exits.close()
      await Promise.all(open)
    },
  }
}

/** Wall-clock limit of a step, milliseconds from its start. */
function timeoutOf({ step, setup, item }: StepTask): number | undefined {
  if (step === 'setup') return sooner(setup?.timeoutMs, setup?.policy)
  if (step === 'main') return sooner(item?.timeoutMs, item?.policy)
  return sooner(item?.gates[Number(step.slice('gate:'.length))]?.timeoutMs, item?.policy)
}

function sooner(timeoutMs: number | undefined, policy: ItemPolicy | undefined): number | undefined {
  return timeoutMs && Math.min(timeoutMs, policy?.policy.limits?.wallClockMs ?? timeoutMs)
}

/** Told from the exit alone, for what an engine before this one may have killed. */
function tookAll({ startedAt, endedAt }: Exit, timeoutMs: number): boolean {
  return endedAt - startedAt >= timeoutMs
}

/** What somebody has to see to, with the item that waits for it. */
function waiting(
  { run, item }: StepTask,
  {
    code,
    message,
    problems,
    retryAfterMs,
  }: Pick<SeamError, 'code' | 'message' | 'problems'> & { readonly retryAfterMs?: number | undefined },
): SeamError {
  const who = item === undefined ? `A set-up of run ${run}` : `Item ${item.id} of run ${run}`
  const remedy = problems[0]?.remedy
  return new SeamError(code, `${who} waits: ${message}`, {
    ...(remedy !== undefined && { remedy }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

function failed(stage: 'prepare' | 'launch' | 'capture', error: unknown): LaunchEnd {
  const { code, message } = toSeamError(error)
  return { type: 'error', stage, code, detail: message }
}
