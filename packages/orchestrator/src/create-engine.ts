import { randomBytes } from 'node:crypto'
import type {
  Action,
  AnyRecord,
  AuditAnchor,
  Authorizer,
  Executor,
  Journal,
  Lease,
  Principal,
  Projections,
  RunOutcome,
  Signer,
  Worker,
} from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { orAbort, SeamError, sha256Hex, systemClock, toSeamError } from '@seamark/kit'
import { canonicalJson } from '@seamark/log'
import type { Checkpointer } from './checkpoints.ts'
import { checkpointer } from './checkpoints.ts'
import type { Command, Reply } from './commands.ts'
import { chunkItems } from './commands.ts'
import type { Conductor } from './conduct.ts'
import { conductor } from './conduct.ts'
import type { Engine } from './engine.ts'
import { checkSubmission } from './check-submission.ts'
import type { Loop } from './loop.ts'
import { startLoop } from './loop.ts'
import { parsePlaced } from './records.ts'
import type { Queues } from './schedule.ts'
import type { State } from './state.ts'
import { taskOf } from './tasks.ts'
import { waitingFor } from './waiting.ts'

export interface EngineOptions {
  readonly ns: string
  readonly journal: Journal
  readonly projections: Projections
  readonly worker: Worker
  readonly executors: readonly Executor[]
  /** Names of the runtimes that the worker knows. */
  readonly runtimes: readonly string[]
  readonly authorizer: Authorizer
  /** Of role `log`. */
  readonly signer: Signer
  readonly anchors?: readonly AuditAnchor[]
  /** Default 10 minutes. */
  readonly anchorEveryMs?: number
  readonly queues: Queues
  /** Origin of a log that does not exist yet. An existing log keeps its own. */
  readonly newOrigin: () => string
  /** Version of the program, and a text that names this process to others. */
  readonly version: string
  readonly holder: string
  /** How many records recovery replays at most while little is in memory. Default 20,000. */
  readonly recordsPerSnapshot?: number
  readonly clock?: Clock
  readonly random?: () => number
  readonly salt?: () => Uint8Array
  readonly yield?: () => Promise<void>
  /** Something failed that is being tried again, or that nothing depends on. */
  readonly onNotice?: (error: Error) => void
}

/** The engine of one namespace. Does nothing until `start`. */
export function createEngine(options: EngineOptions): Engine {
  const { ns, journal, clock = systemClock, random = Math.random } = options
  const salt = options.salt ?? (() => randomBytes(32))
  const notice = options.onNotice ?? (() => undefined)
  const failed = Promise.withResolvers<unknown>()
  const listeners = new Set<(headers: readonly AnyRecord[]) => void>()
  const seals = sealWatch()
  let parts: { lease: Lease; loop: Loop; conductor: Conductor; checkpoints: Checkpointer } | undefined

  function running(): NonNullable<typeof parts> {
    if (parts === undefined) throw new SeamError('UNAVAILABLE', 'The engine is not running.')
    return parts
  }

  async function post(command: Command): Promise<Reply & { ok: true }> {
    const reply = await running().loop.post(command)
    if (!reply.ok) throw reply.error
    return reply
  }

  async function authorize(principal: Principal, action: Action, run?: string, item?: string): Promise<void> {
    const resource = { ns, ...(run !== undefined && { run }), ...(item !== undefined && { item }) }
    const decision = await options.authorizer.authorize({ principal, action, resource }).catch((error: unknown) => {
      notice(toSeamError(error))
      return { allowed: false, policy: 'unavailable', reasons: ['The authorizer could not decide.'] }
    })
    if (decision.allowed) return
    await post({
      type: 'deny',
      principal,
      data: { action, policy: decision.policy, ...(run !== undefined && { target: run }) },
    })
    throw new SeamError('FORBIDDEN', `${action} is not allowed: ${decision.reasons.join(' ')}`)
  }

  async function rowOf(run: string) {
    const { rows } = await options.projections.query(ns, 'runs', { run })
    return rows[0]
  }

  /** Effects of what has become durable: launches begin, cancelled ones are stopped, ended ones cleaned up. */
  function committed(records: readonly AnyRecord[] | undefined, state: State): void {
    const { conductor: hands, checkpoints } = running()
    if (records === undefined) return attachAll(state)
    for (const record of records) {
      if (record.kind === 'item.launched' || record.kind === 'layer.launched') {
        const launch = state.launches.get(record.data.launchId)
        if (launch !== undefined) hands.start(taskOf(state, launch), launch.executor, 'launch')
      } else if (record.kind === 'cancel.requested') {
        for (const launch of state.launches.values()) {
          const item = state.runs.get(launch.run)?.items[launch.index ?? -1]
          if (launch.run === record.run && (record.item === undefined || item?.id === record.item)) hands.stop(launch)
        }
      } else if (record.kind === 'run.sealed') {
        seals.sealed(record.run ?? '', record.seq, record.data.status)
        checkpoints.sealed()
      }
    }
    for (const launch of state.reapable.values()) hands.clean(taskOf(state, launch), launch.executor)
    if (state.unsigned) checkpoints.dirty()
    for (const listener of listeners) listener(records)
  }

  /** Takes up what an earlier engine began: what runs is watched, what was cancelled is stopped, what ended is cleaned up. */
  function attachAll(state: State): void {
    const { conductor: hands, checkpoints } = running()
    for (const launch of state.launches.values()) {
      hands.start(taskOf(state, launch), launch.executor, 'attach')
      const run = state.runs.get(launch.run)
      if (run?.canceling !== undefined || run?.items[launch.index ?? -1]?.canceling === true) hands.stop(launch)
    }
    for (const launch of state.reapable.values()) hands.clean(taskOf(state, launch), launch.executor)
    if (state.unsigned) checkpoints.dirty()
  }

  async function firstOrigin(): Promise<string> {
    for await (const { header } of journal.read(ns, 0, { to: 1 })) {
      const record = parsePlaced(header)
      if (record.kind === 'log.opened') return record.data.origin
    }
    return options.newOrigin()
  }

  function makeCheckpointer(loop: Loop, lease: Lease, origin: string): Checkpointer {
    return checkpointer({
      origin,
      journal,
      lease,
      signer: options.signer,
      anchors: options.anchors ?? [],
      anchorEveryMs: options.anchorEveryMs ?? 600_000,
      clock,
      notice,
      async commit() {
        const reply = await loop.post({ type: 'checkpoint', root: '' })
        if (!reply.ok) throw reply.error
        return reply.head
      },
      signed: (checkpoint) => seals.signed(checkpoint.size),
      async anchored(anchor, receipt) {
        const bytes = canonicalJson(receipt)
        const { kind, name } = anchor
        await loop.post({
          type: 'anchored',
          receipt: { mediaType: 'application/json', bytes, salt: salt() },
          data: { size: receipt.size, kind, name, receipt: sha256Hex(bytes) },
        })
      },
      async unanchored({ kind, name }, { size }, code) {
        await loop.post({ type: 'unanchored', data: { size, kind, name, code } })
      },
    })
  }

  async function stop(cancelRunning: boolean, reason: 'requested' | 'failed'): Promise<void> {
    if (parts === undefined) return
    const { lease, loop, conductor: hands, checkpoints } = parts
    loop.drain()
    if (cancelRunning) {
      const principal = { id: 'engine' }
      const open = [...loop.state.runs.keys()]
      await Promise.all(open.map((run) => loop.post({ type: 'cancel', principal, run })))
      await Promise.all(open.map((run) => seals.wait(run)))
    }
    await hands.close()
    await loop.post({ type: 'close', reason })
    await checkpoints.close()
    await loop.close()
    parts = undefined
    await lease.release()
  }

  return {
    ns,
    failed: failed.promise,
    async start() {
      const lease = await journal.acquire(ns, options.holder)
      try {
        const origin = await firstOrigin()
        const fail = (error: Error) => failed.resolve(error)
        const loop = await startLoop({
          ns,
          journal,
          projections: options.projections,
          lease,
          clock,
          queues: options.queues,
          random,
          recordsPerSnapshot: options.recordsPerSnapshot ?? 20_000,
          yield: options.yield ?? nextTurn,
          committed,
          notice,
          failed: fail,
        })
        lease.lost.addEventListener(
          'abort',
          () => fail(new SeamError('CONFLICT', `The lease of namespace ${ns} was taken over.`)),
          { once: true },
        )
        const hands = conductor({
          executors: options.executors,
          clock,
          random,
          worker: options.worker,
          notice,
          async ended(task, end) {
            await loop.post({ type: 'end', launchId: task.launchId, fence: task.fence, end })
          },
          cleaned: (launchId) => void loop.state.reapable.delete(launchId),
        })
        parts = { lease, loop, conductor: hands, checkpoints: makeCheckpointer(loop, lease, origin) }
        const executors = options.executors.map(({ name, kind, guarantees }) => ({
          name,
          kind,
          isolation: guarantees.isolation.value,
        }))
        await post({ type: 'open', origin, engine: { version: options.version, holder: options.holder, executors } })
        for (const executor of options.executors) {
          for await (const { launchId, processes } of executor.leftovers?.() ?? [])
            await post({ type: 'leftover', data: { executor: executor.name, launchId, processes } })
        }
        attachAll(loop.state)
      } catch (error) {
        await parts?.conductor.close()
        parts = undefined
        await lease.release()
        throw error
      }
    },
    stop: ({ cancelRunning = false } = {}) => stop(cancelRunning, 'requested'),
    async submit(principal, submission) {
      await authorize(principal, 'run.submit', submission.run)
      checkSubmission(submission, options)
      const { spec, layers = {} } = submission
      const head = { mediaType: 'application/json', bytes: canonicalJson({ spec, layers }), salt: salt() }
      const reply = await post({
        type: 'submit',
        principal,
        submission,
        head,
        chunks: chunkItems(submission.items, salt),
      })
      return { run: submission.run, created: reply.created ?? true }
    },
    async cancel(principal, run, item) {
      await authorize(principal, item === undefined ? 'run.cancel' : 'item.cancel', run, item)
      const reply = await post({ type: 'cancel', principal, run, ...(item !== undefined && { item }) })
      return { effective: reply.effective ?? true }
    },
    async resume(principal, run, item, token) {
      await authorize(principal, 'item.resume', run, item)
      await post({ type: 'resume', principal, run, item, token })
    },
    waiting: (run, item) => waitingFor(running().loop.state, run, item, running().loop.frugal),
    async sealed(run, { signal } = {}) {
      if (!seals.knows(run) && !running().loop.state.runs.has(run)) {
        const row = await rowOf(run)
        if (row === undefined) throw new SeamError('NOT_FOUND', `There is no run ${run}.`)
        if (row.status !== 'running' && row.status !== 'canceling') return row.status
      }
      return orAbort(seals.wait(run), signal)
    },
    stats() {
      const { state } = running().loop
      let waiting = 0
      let parked = 0
      for (const run of state.runs.values()) {
        for (const { phase } of run.items) {
          if (phase === 'parked') parked++
          else if (phase !== 'running' && phase !== 'settled') waiting++
        }
      }
      return { runs: state.runs.size, running: state.launches.size, waiting, parked, size: state.size }
    },
    onRecords(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

// Let go of after this many: later questions are answered from the projection.
const SEALS_REMEMBERED = 10_000

/** Tells who waits for a run when its seal is under a signed checkpoint. */
function sealWatch() {
  const waiting = new Map<string, PromiseWithResolvers<RunOutcome>>()
  const open = new Map<string, { readonly seq: number; readonly status: RunOutcome }>()
  const done = new Map<string, RunOutcome>()
  return {
    knows: (run: string): boolean => open.has(run) || done.has(run),
    sealed(run: string, seq: number, status: RunOutcome): void {
      open.set(run, { seq, status })
    },
    signed(size: number): void {
      for (const [run, { seq, status }] of open) {
        if (seq >= size) continue
        open.delete(run)
        done.set(run, status)
        waiting.get(run)?.resolve(status)
        waiting.delete(run)
      }
      for (const run of done.keys()) {
        if (done.size <= SEALS_REMEMBERED) break
        done.delete(run)
      }
    },
    wait(run: string): Promise<RunOutcome> {
      const status = done.get(run)
      if (status !== undefined) return Promise.resolve(status)
      const entry = waiting.get(run) ?? Promise.withResolvers<RunOutcome>()
      waiting.set(run, entry)
      return entry.promise
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
