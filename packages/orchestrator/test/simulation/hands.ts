import type {
  AttemptPort,
  Executor,
  ExecutorEvent,
  Exit,
  LaunchState,
  Product,
  Question,
  StepTask,
  StepVerdict,
  UsagePort,
  Worker,
} from '@seamark/core'
import { hasCode, NO_LIMITS, SeamError, sha256 } from '@seamark/kit'
import type { Life, World } from './world.ts'

/** The processes of a simulated host, and what must hold of them at every moment. */
export interface Host {
  readonly violations: string[]
  /** Launch ids of processes that run. */
  readonly running: ReadonlyMap<string, StepTask>
  readonly starts: ReadonlyMap<string, number>
  readonly tombstones: ReadonlySet<string>
  /** What the executor still holds. */
  readonly held: ReadonlyMap<string, LaunchState>
  executorOf(life: Life): Executor
  workerOf(life: Life): Worker
  /** Launch ids whose folders the worker made and did not remove. */
  readonly prepared: ReadonlySet<string>
  /** Facts that the engine said are durable: launch id and number. */
  readonly noted: ReadonlySet<string>
  /** Calls that the engine said are reserved: launch id and number. */
  readonly reserved: ReadonlySet<string>
  /** The gate that was refused last for want of capacity, with its item. */
  readonly refusedGate: StepTask | undefined
  /** The supervisor dies: everything that runs is lost. */
  loseAll(): void
  /** The executor answers nothing for so long; what runs goes on. */
  away(ms: number): void
}

/** What a launch comes to, decided by its id, so that every engine sees the same. */
export function fate(launchId: string): {
  verdict: StepVerdict
  refusals: number
  /** There are fewer gates, so they are refused more often. */
  gateRefusals: number
  retryAfterMs: number
  prepareFails: boolean
  /** It does not end by itself. */
  hangs: boolean
  holdMs: number
  /** Its worker notes facts of it. */
  tells: boolean
  /** How many calls to a model it makes. */
  calls: number
} {
  const [kind = 0, more = 0, hold = 0, tell = 0, call = 0] = sha256(`fate ${launchId}`)
  const verdict: StepVerdict =
    kind < 150
      ? { outcome: 'succeeded', reason: 'completed' }
      : kind < 190
        ? { outcome: 'failed', reason: 'exit-code' }
        : kind < 205
          ? { outcome: 'timed-out', reason: 'timeout' }
          : kind < 230
            ? kind < 212
              ? { outcome: 'parked', reason: 'rate-limit', resumeAt: 0 }
              : { outcome: 'parked', reason: 'input', question: { id: launchId, text: `what of ${launchId}?` } }
            : { outcome: 'succeeded', reason: 'completed' }
  return {
    verdict,
    refusals: more < 40 ? 1 : 0,
    gateRefusals: more % 5 < 2 ? 1 : 0,
    retryAfterMs: hold % 2 === 0 ? 10 : 3_000,
    prepareFails: more > 240,
    hangs: more > 40 && more < 55,
    holdMs: hold < 128 ? hold * 2 : hold * 20,
    tells: tell < 50,
    calls: call < 100 ? call % 4 : 0,
  }
}

const GONE: StepVerdict = { outcome: 'failed', reason: 'resume' }
const SUCCEEDED: StepVerdict = { outcome: 'succeeded', reason: 'completed' }

export const PRODUCT: Product = {
  outputs: [],
  stdout: { sha256: '1'.repeat(64), size: 1 },
  stderr: { sha256: '2'.repeat(64), size: 1 },
}

const SNAPSHOT = { sha256: '3'.repeat(64), size: 1 }

/** What somebody answers. */
export function answerTo(question: Question): string {
  return `that of ${question.id}`
}

/** A conversation has the name of the launch that began it last: who goes on with one that asked has the answer, nobody else has one. */
function misled({ launchId, conversation, answer }: StepTask): string | undefined {
  if (conversation === undefined) return undefined
  const { verdict } = fate(conversation.id)
  const asked = verdict.outcome === 'parked' && verdict.question
  if (!asked) return answer && `${launchId} was told an answer again`
  const told = answer?.question.text === asked.text && answer.text === answerTo(asked)
  return told ? undefined : `${launchId} goes on without the answer`
}

const AWAY = { code: 'UNAVAILABLE', message: 'The executor is away.' } as const

export function host(world: World): Host {
  const violations: string[] = []
  const states = new Map<string, LaunchState>()
  const running = new Map<string, StepTask>()
  const starts = new Map<string, number>()
  const tombstones = new Set<string>()
  const refused = new Map<string, number>()
  const log: ExecutorEvent[] = []
  const wakers = new Set<() => void>()
  const prepared = new Set<string>()
  const noted = new Set<string>()
  const reserved = new Set<string>()
  let calls = 0
  const ports = new Map<string, { readonly life: Life; readonly port: AttemptPort }>()
  let awayUntil = 0
  let refusedGate: StepTask | undefined

  function set(launchId: string, state: LaunchState): void {
    states.set(launchId, state)
    log.push({ cursor: String(log.length + 1), launchId, state })
    for (const wake of wakers) wake()
  }

  function exit(launchId: string, reason: Exit['reason']): void {
    const state = states.get(launchId)
    if (state?.state !== 'running') return
    running.delete(launchId)
    const { startedAt } = state
    const endedAt = world.clock.now()
    set(launchId, {
      state: 'exited',
      exit: { ...(reason === 'exited' && { code: 0 }), reason, startedAt, endedAt, outputBytes: 0 },
    })
  }

  function start(task: StepTask): void {
    const { launchId } = task
    starts.set(launchId, (starts.get(launchId) ?? 0) + 1)
    if ((starts.get(launchId) ?? 0) > 1) violations.push(`${launchId} was started twice`)
    for (const other of running.values()) {
      if (task.item !== undefined && other.run === task.run && other.item?.id === task.item.id)
        violations.push(`two processes of item ${task.item.id} run at once`)
    }
    running.set(launchId, task)
    set(launchId, { state: 'running', startedAt: world.clock.now() })
    const { holdMs, hangs } = fate(launchId)
    if (!hangs) world.clock.at(world.clock.now() + holdMs, () => exit(launchId, 'exited'))
  }

  /** A call that may take any time, be repeated by the network, or lose its answer. */
  async function call<T>(life: Life, work: () => T): Promise<T> {
    const answer = await world.later(life, () => {
      if (world.clock.now() < awayUntil) throw new SeamError('UNAVAILABLE', 'the executor is away')
      return work()
    })
    if (world.chance(0.03)) await world.later(life, () => undefined)
    if (world.chance(0.02)) throw new SeamError('UNAVAILABLE', 'the answer was lost')
    return answer
  }

  const tasks = new Map<string, StepTask>()

  function executorOf(life: Life): Executor {
    const claim = <T>(value: T) => ({ value, proof: 'tested' as const })
    return {
      spec: 'executor/v1',
      kind: 'simulated',
      name: 'fake',
      guarantees: {
        isolation: claim('none'),
        network: claim('none'),
        filesystem: 'host',
        tree: claim('proven'),
        limits: NO_LIMITS,
        input: false,
        outlivesService: true,
      },
      launch: async (launchId) => {
        // Some executors know that nothing of a call has reached what is away.
        const isRefused = world.chance(0.5) && (await world.later(life, () => world.clock.now() < awayUntil))
        if (isRefused) return { outcome: 'refused', reason: 'capacity', problem: AWAY }
        return call(life, () => {
          if (tombstones.has(launchId)) throw new SeamError('CONFLICT', 'there is a tombstone')
          if (states.has(launchId)) return { outcome: 'launched' as const }
          const times = refused.get(launchId) ?? 0
          const task = tasks.get(launchId)
          const isGate = task?.step.startsWith('gate:') === true
          if (times < fate(launchId)[isGate ? 'gateRefusals' : 'refusals']) {
            refused.set(launchId, times + 1)
            if (isGate) refusedGate = task
            return {
              outcome: 'refused' as const,
              reason: 'capacity' as const,
              retryAfterMs: fate(launchId).retryAfterMs,
            }
          }
          if (task === undefined) throw new Error('launched without being prepared')
          start(task)
          return { outcome: 'launched' as const }
        })
      },
      attach: (launchId) => call(life, () => states.get(launchId) ?? { state: 'unknown' as const }),
      async *events(cursor, options) {
        for (let next = Number(cursor ?? 0); options?.signal?.aborted !== true;) {
          const event = log[next]
          if (event === undefined) {
            await new Promise<void>((resolve) => {
              wakers.add(resolve)
              options?.signal?.addEventListener('abort', () => resolve(), { once: true })
            })
            continue
          }
          if (world.clock.now() < awayUntil || world.chance(0.05))
            throw new SeamError('UNAVAILABLE', 'the stream was cut')
          // Repeated and late events are no news.
          const repeated = world.chance(0.1) ? log[Math.floor(world.random() * (next + 1))] : undefined
          next++
          await world.later(life, () => undefined)
          if (repeated !== undefined) yield repeated
          yield event
        }
      },
      async *output() {},
      kill: (launchId) => call(life, () => void world.later(undefined, () => exit(launchId, 'killed'))),
      async *list() {},
      reap: (launchId) =>
        call(life, () => {
          exit(launchId, 'killed')
          running.delete(launchId)
          tombstones.add(launchId)
          states.delete(launchId)
        }),
    }
  }

  /** Whether the engine said that the fact is durable. */
  async function note({ launchId }: StepTask, port: AttemptPort | undefined, index: number): Promise<boolean> {
    try {
      await port?.note([{ kind: 'tool.denied', data: { tool: 'Bash', reason: 'denied', index } }])
    } catch (error) {
      if (!hasCode(error, 'CONFLICT') && !hasCode(error, 'UNAVAILABLE'))
        violations.push(`a fact was refused: ${String(error)}`)
      return false
    }
    if (port === undefined) return false
    noted.add(`${launchId} ${index}`)
    return true
  }

  /** Calls a model, as a gateway does; what it never settles is up to the engine. */
  async function spend({ launchId }: StepTask, life: Life, usage: UsagePort | undefined): Promise<void> {
    for (let n = fate(launchId).calls; n > 0 && usage !== undefined && life?.ended !== true; n--) {
      const id = `c${calls++}`
      const worst = { tokens: 5 + Math.floor(world.random() * 10), ...(world.chance(0.9) && { nanoUsd: 20 }) }
      try {
        const { ok } = await usage.reserve({ id, provider: 'p', model: 'm', worst })
        if (!ok) continue
        reserved.add(`${launchId}/${id}`)
        if (world.chance(0.2)) continue
        await world.later(life, () => undefined)
        const amount = { tokens: Math.floor(world.random() * 20), nanoUsd: Math.floor(world.random() * 30) }
        await usage.settle(id, world.chance(0.2) ? { as: 'reserved' } : { as: 'used', amount })
        if (world.chance(0.1)) await usage.settle(id, { as: 'used', amount })
      } catch (error) {
        if (!hasCode(error, 'CONFLICT') && !hasCode(error, 'UNAVAILABLE'))
          violations.push(`a call was refused: ${String(error)}`)
      }
    }
  }

  function workerOf(life: Life): Worker {
    return {
      layerOf: async () => 'b'.repeat(64),
      hasLayer: async () => false,
      prepare: (task) =>
        world.later(life, () => {
          if (fate(task.launchId).prepareFails) throw new SeamError('NOT_FOUND', 'no such ref')
          const wrong = misled(task)
          if (wrong !== undefined) violations.push(wrong)
          tasks.set(task.launchId, task)
          prepared.add(task.launchId)
          return { argv: ['true'], env: {}, cwd: '/', mounts: [] }
        }),
      async follow(task, _executor, exited, options) {
        if (options?.port !== undefined) ports.set(task.launchId, { life, port: options.port })
        if (fate(task.launchId).tells) {
          await note(task, options?.port, 0)
          await note(task, options?.port, 1)
        }
        await spend(task, life, options?.port?.usage)
        await exited
      },
      capture: (task, _executor, ended) =>
        world.later(life, () => {
          if (running.has(task.launchId)) violations.push(`${task.launchId} was captured while it ran`)
          if (world.chance(0.03)) throw new SeamError('UNAVAILABLE', 'storage is away')
          const { verdict: usual, holdMs } = fate(task.launchId)
          // There are few layers, so they fail more often.
          const failed = { outcome: 'failed', reason: 'exit-code' } as const
          const asks = usual.outcome === 'parked' && usual.question !== undefined
          const verdict =
            task.step === 'setup' && holdMs % 3 !== 0 ? failed : asks && task.step !== 'main' ? SUCCEEDED : usual
          // Some keep nothing, and some keep what nobody can go on with.
          const kept = holdMs % 4 === 0 ? {} : { conversation: { id: task.launchId } }
          const product = { ...PRODUCT, ...(holdMs % 8 !== 1 && { snapshot: SNAPSHOT }) }
          const report = task.step === 'main' ? { product, ...kept } : {}
          const isGone = task.conversation !== undefined && holdMs % 3 === 0
          if (isGone && ended.reason === 'exited') return { verdict: GONE, ...report }
          if (ended.reason === 'timeout')
            return { verdict: { outcome: 'timed-out' as const, reason: 'timeout' }, ...report }
          if (ended.reason === 'killed')
            return { verdict: { outcome: 'canceled' as const, reason: 'killed' }, ...report }
          if (verdict.outcome === 'parked' && verdict.question === undefined)
            return { verdict: { ...verdict, resumeAt: world.clock.now() + 500 }, ...report }
          return { verdict, ...report }
        }),
      release: (task) =>
        world.later(life, async () => {
          prepared.delete(task.launchId)
          const known = ports.get(task.launchId)
          // The engine of another life answers nothing any more.
          if (known !== undefined && known.life === life && (await note(task, known.port, 2)))
            violations.push(`${task.launchId} was noted after its end`)
        }),
    }
  }

  return {
    violations,
    running,
    starts,
    tombstones,
    held: states,
    prepared,
    noted,
    reserved,
    get refusedGate() {
      return refusedGate
    },
    executorOf,
    workerOf,
    away: (ms) => void (awayUntil = world.clock.now() + ms),
    loseAll() {
      for (const launchId of running.keys()) {
        running.delete(launchId)
        set(launchId, { state: 'lost' })
      }
    },
  }
}
