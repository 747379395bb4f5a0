import type {
  AgentActivity,
  AnyRecord,
  Executor,
  ExecutorEvent,
  Exit,
  ItemRow,
  ItemSpec,
  LaunchState,
  StepReport,
  StepTask,
  Submission,
  Worker,
} from '@seamark/core'
import { allowLocal, NO_LIMITS, SeamError } from '@seamark/kit'
import { instantItem, memoryJournal, memorySigner } from '@seamark/testing'
import type { Engine, EngineOptions } from '../src/index.ts'
import { createEngine } from '../src/index.ts'

const BLOB = { sha256: '0'.repeat(64), size: 0 }
export const LOCAL = { id: 'local:1000' }
export const PLAN = 'a'.repeat(64)

/** An item spec with every default. */
export function item(id: string, more: Partial<ItemSpec> = {}): ItemSpec {
  return { ...instantItem(id), executor: 'fake', ...more }
}

export function submission(run: string, items: readonly ItemSpec[], more: Partial<Submission> = {}): Submission {
  return { run, plan: PLAN, spec: { workspace: { type: 'empty' } }, items, ...more }
}

export function product(): NonNullable<StepReport['product']> {
  return { outputs: [], stdout: BLOB, stderr: BLOB }
}

/** How the fake executor and worker treat one launch. */
export type Script = (task: StepTask) => StepReport['verdict'] | 'hold' | 'lost' | 'refuse' | 'prepare-fails'

const SUCCEEDED = { outcome: 'succeeded', reason: 'completed' } as const

/** An executor without processes, and a worker without files: what happens is said by a script. */
export function fakeHands(
  script: Script = () => SUCCEEDED,
  endsWith: (task: StepTask | undefined) => Partial<Exit> = () => ({}),
  did: (task: StepTask) => AgentActivity | undefined = () => undefined,
) {
  const tasks = new Map<string, StepTask>()
  const states = new Map<string, LaunchState>()
  const tombstones = new Set<string>()
  const log: ExecutorEvent[] = []
  const launched: string[] = []
  const wakers = new Set<() => void>()
  const at = () => Date.now()

  function set(launchId: string, state: LaunchState): void {
    states.set(launchId, state)
    log.push({ cursor: String(log.length + 1), launchId, state })
    for (const wake of wakers) wake()
  }

  function exit(launchId: string, reason: Exit['reason'] = 'exited'): void {
    if (states.get(launchId)?.state !== 'running') return
    set(launchId, {
      state: 'exited',
      exit: {
        ...(reason === 'exited' && { code: 0 }),
        reason,
        startedAt: at(),
        endedAt: at(),
        outputBytes: 0,
        ...endsWith(tasks.get(launchId)),
      },
    })
  }

  const claim = <T>(value: T) => ({ value, proof: 'tested' as const })
  const executor: Executor = {
    spec: 'executor/v1',
    kind: 'fake',
    name: 'fake',
    guarantees: {
      isolation: claim('none'),
      network: claim('none'),
      filesystem: 'host',
      tree: claim('proven'),
      limits: { ...NO_LIMITS, wallClock: claim('enforced') },
      input: false,
      outlivesService: true,
    },
    async launch(launchId) {
      if (tombstones.has(launchId)) throw new SeamError('CONFLICT', 'tombstone')
      if (states.has(launchId)) return { outcome: 'launched' }
      const task = tasks.get(launchId)
      const verdict = task && script(task)
      if (verdict === 'refuse') return { outcome: 'refused', reason: 'capacity', retryAfterMs: 5 }
      launched.push(launchId)
      set(launchId, { state: 'running', startedAt: at() })
      if (verdict === 'lost') set(launchId, { state: 'lost' })
      else if (verdict !== 'hold') exit(launchId)
      return { outcome: 'launched' }
    },
    attach: async (launchId) => states.get(launchId) ?? { state: 'unknown' },
    async *events(cursor, options) {
      for (let next = Number(cursor ?? 0); options?.signal?.aborted !== true;) {
        const event = log[next]
        if (event !== undefined) {
          next++
          yield event
          continue
        }
        await new Promise<void>((resolve) => {
          const wake = () => {
            wakers.delete(wake)
            options?.signal?.removeEventListener('abort', wake)
            resolve()
          }
          wakers.add(wake)
          options?.signal?.addEventListener('abort', wake, { once: true })
        })
      }
    },
    async *output() {},
    kill: async (launchId) => exit(launchId, 'killed'),
    async *list() {},
    async reap(launchId) {
      exit(launchId, 'killed')
      tombstones.add(launchId)
      states.delete(launchId)
    },
  }
  const worker: Worker = {
    layerOf: async () => 'b'.repeat(64),
    hasLayer: async () => false,
    async prepare(task) {
      tasks.set(task.launchId, task)
      if (script(task) === 'prepare-fails') throw new SeamError('NOT_FOUND', 'no such thing')
      return { argv: ['true'], env: {}, cwd: '/', mounts: [] }
    },
    follow: async (_task, _executor, exited) => void (await exited),
    async capture(task, _executor, ended) {
      const verdict = script(task)
      const activity = did(task)
      const report = task.step === 'main' ? { product: product(), ...(activity && { activity }) } : {}
      if (ended.reason === 'killed') return { verdict: { outcome: 'canceled', reason: 'killed' }, ...report }
      return { verdict: typeof verdict === 'string' ? SUCCEEDED : verdict, ...report }
    },
    release: async () => undefined,
  }
  return {
    executor,
    worker,
    launched,
    tasks,
    tombstones,
    exit,
    running: () => [...states].filter(([, state]) => state.state === 'running').map(([id]) => id),
  }
}

/** An engine on a memory journal; `more` replaces parts. */
export async function engineWith(
  hands: ReturnType<typeof fakeHands>,
  more: Partial<EngineOptions> = {},
): Promise<{ engine: Engine; options: EngineOptions; notices: Error[] }> {
  const notices: Error[] = []
  const options: EngineOptions = {
    ns: 'default',
    ...memoryJournal(),
    worker: hands.worker,
    executors: [hands.executor],
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer: memorySigner(),
    queues: { default: { concurrency: 4 } },
    newOrigin: () => `seamark.invalid/${'0'.repeat(32)}`,
    version: '0.0.0',
    holder: 'test',
    onNotice: (error) => notices.push(error),
    ...more,
  }
  const engine = createEngine(options)
  await engine.start()
  return { engine, options, notices }
}

/** All records of a namespace. */
export async function records(options: Pick<EngineOptions, 'journal' | 'ns'>): Promise<AnyRecord[]> {
  const found = []
  for await (const { header } of options.journal.read(options.ns, 0))
    found.push(JSON.parse(Buffer.from(header).toString('utf8')))
  return found
}

export const GATE = { run: 'test', protect: [], timeoutMs: 1_000 }

/** Lets the first `failures` attempts of each item fail. */
export function failing(failures: number): Script {
  return (task) =>
    task.step === 'main' && task.attempt <= failures
      ? { outcome: 'failed', reason: 'exit-code', detail: '1' }
      : SUCCEEDED
}

/** Runs one item until it has succeeded: what is recorded of it, and its row. */
export async function runOne(
  hands: ReturnType<typeof fakeHands>,
  { gates = 0, failures = 0 },
  more: Partial<EngineOptions> = {},
): Promise<{ log: AnyRecord[]; row: ItemRow | undefined }> {
  const { engine, options } = await engineWith(hands, more)
  const retries = { max: failures, minDelayMs: 1, maxDelayMs: 1 }
  await engine.submit(
    LOCAL,
    submission('r1', [item('a', { gates: Array.from({ length: gates }, () => GATE), retries })]),
  )
  const status = await engine.sealed('r1')
  await engine.stop()
  if (status !== 'succeeded') throw new Error(`The run ${status}.`)
  const { rows } = await options.projections.query('default', 'items', { run: 'r1' })
  return { log: await records(options), row: rows[0] }
}
