import type { AnyRecord, Lease } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { orAbort, SeamError, sha256Hex, toSeamError } from '@seamark/kit'
import { canonicalJson } from '@seamark/log'
import type { Anchoring } from './anchoring.ts'
import { anchoring } from './anchoring.ts'
import { checkRecovered } from './check-recovered.ts'
import { checkpointer } from './checkpoints.ts'
import type { Listeners } from './children-port.ts'
import { childrenPort } from './children-port.ts'
import type { Command, LaunchEnd, Reply, SaltedPayload } from './commands.ts'
import { conductor } from './conduct.ts'
import type { EngineOptions } from './engine-options.ts'
import { checkUsage } from './decide-usage.ts'
import { checkFacts } from './facts.ts'
import type { Hands } from './effects.ts'
import { committed, takeUp } from './effects.ts'
import type { Loop } from './loop.ts'
import { startLoop } from './loop.ts'
import { isPaused } from './pause.ts'
import { parsePlaced } from './records.ts'
import { redactEnd } from './redact-end.ts'
import type { SealWatch } from './seal-watch.ts'

/** How long a stop waits for a worker, signer, anchor or journal that does not answer. */
const GRACE_MS = 10_000

/** What an engine that runs is made of. */
export interface Parts extends Hands {
  readonly lease: Lease
  readonly loop: Loop
  readonly anchors: Anchoring
  /** Whether every seal of an engine before this one is under a signed checkpoint. */
  allSigned: boolean
  /** Of the log. */
  readonly origin: string
  /** Who waits for the next batch of the loop. */
  readonly batches: Set<() => void>
  /** What the lease is not let go of before. */
  readonly works: Set<Promise<unknown>>
}

export interface StartOptions extends EngineOptions {
  readonly clock: Clock
  readonly salt: () => Uint8Array
  readonly notice: (error: Error) => void
  readonly seals: SealWatch
  /** The engine can not go on. */
  readonly fail: (error: Error) => void
  /** Records became durable. Must not throw. */
  readonly tell: (records: readonly AnyRecord[]) => void
}

/** A signer that will never sign is found now and not at the first seal; one that is away may come back. */
async function checkSigner({ signer, notice }: StartOptions): Promise<void> {
  try {
    await signer.publicKey()
  } catch (error) {
    const seam = toSeamError(error)
    if (seam.consequence !== 'retry') throw seam
    notice(seam)
  }
}

/**
 * Takes the lease, recovers and makes the parts; nothing is appended or taken up yet. Errors: those of
 * `Journal.acquire`, `recover`, `checkRecovered` and a signer that refuses for good; the lease is then free again.
 */
export async function makeParts(options: StartOptions): Promise<Parts> {
  const { ns, journal, clock, notice, seals } = options
  await checkSigner(options)
  const lease = await journal.acquire(ns, options.holder)
  const listeners: Listeners = new Set()
  let loop: Loop | undefined
  try {
    const origin = await originOf(options)
    const { checkpoint } = await journal.head(ns)
    const running = await startLoop({
      ns,
      journal,
      projections: options.projections,
      lease,
      clock,
      queues: options.queues,
      facts: {
        probeOf: options.probeOf ?? (() => undefined),
        instructionsOf: options.instructionsOf ?? (() => undefined),
      },
      random: options.random ?? Math.random,
      recordsPerSnapshot: options.recordsPerSnapshot ?? 20_000,
      yield: options.yield ?? nextTurn,
      committed(group, state) {
        // The first batch comes from what is made below.
        committed(group, state, parts)
        for (const resolve of parts.batches) resolve()
        parts.batches.clear()
        if (group.records.length === 0) return
        options.tell(group.records)
        for (const listener of listeners) listener(group.records)
      },
      notice,
      failed: options.fail,
    })
    loop = running
    running.finish(options.finishing ?? false)
    checkRecovered(running.state, options)
    const anchors = makeAnchoring(options, running)
    const parts: Parts = {
      lease,
      loop: running,
      origin,
      seals,
      anchors,
      allSigned: !running.state.unsigned && (checkpoint?.size ?? 0) === running.state.checkpoint,
      batches: new Set(),
      works: new Set(),
      conductor: conductor({
        executors: options.executors,
        clock,
        random: options.random ?? Math.random,
        worker: options.worker,
        notice,
        async ended({ launchId, fence }, end) {
          const told = redactEnd(end, options.redact ?? asItIs)
          const question = questionOf(told, options.salt)
          await running.post({ type: 'end', launchId, fence, end: told, ...(question && { question }) })
        },
        async note({ launchId, fence }, facts) {
          checkFacts(facts)
          if (facts.length > 0) await posted(running, { type: 'note', launchId, fence, facts })
        },
        async reserve({ launchId, fence }, request) {
          checkUsage(request)
          const { usage } = await posted(running, { type: 'reserve', launchId, fence, request })
          return usage ?? { ok: true }
        },
        async settle({ launchId, fence }, id, report) {
          checkUsage({ id, worst: report.as === 'used' ? { ...report.amount, ...report.tokens } : {} })
          await posted(running, { type: 'settle', launchId, fence, id, report })
        },
        children: (task) => childrenPort(task, { ...options, listeners, post: (command) => posted(running, command) }),
        cleaned: (launchId) => void running.state.reapable.delete(launchId),
      }),
      checkpoints: checkpointer({
        origin,
        journal,
        lease,
        signer: options.signer,
        clock,
        notice,
        commit: async () => (await posted(running, { type: 'checkpoint', root: '' })).head,
        signed(made, forSeal) {
          parts.allSigned = true
          seals.signed(made.size)
          anchors.take(made, forSeal)
        },
      }),
    }
    lease.lost.addEventListener(
      'abort',
      () => options.fail(new SeamError('CONFLICT', `The lease of namespace ${ns} was taken over.`)),
      { once: true },
    )
    return parts
  } catch (error) {
    await loop?.close()
    await lease.release()
    throw error
  }
}

function makeAnchoring({ anchors = [], clock, notice, salt }: StartOptions, loop: Loop) {
  return anchoring({
    anchors,
    clock,
    notice,
    async anchored({ kind, name }, receipt) {
      const bytes = canonicalJson(receipt)
      await posted(loop, {
        type: 'anchored',
        receipt: { mediaType: 'application/json', bytes, salt: salt() },
        data: { size: receipt.size, kind, name, receipt: sha256Hex(bytes) },
      })
    },
    async unanchored({ kind, name }, { size }, code) {
      await posted(loop, { type: 'unanchored', data: { size, kind, name, code } })
    },
  })
}

/** Records the start and what was left over, then takes up what an earlier engine began. */
export async function begin(parts: Parts, options: StartOptions): Promise<void> {
  const { loop } = parts
  const executors = options.executors.map(({ name, kind, guarantees }) => ({
    name,
    kind,
    isolation: guarantees.isolation.value,
  }))
  const { version, holder } = options
  const { budgets } = options
  const engine = { version, holder, executors }
  await posted(loop, { type: 'open', origin: parts.origin, engine, ...(budgets && { budgets }) })
  for (const executor of options.executors) {
    for await (const { launchId, processes } of executor.leftovers?.() ?? [])
      await posted(loop, { type: 'leftover', data: { executor: executor.name, launchId, processes } })
  }
  takeUp(loop.state, parts)
}

/** Lets go of everything, the lease last. What does not answer is waited for no longer than `GRACE_MS`. */
export async function endParts(
  parts: Parts,
  reason: 'requested' | 'failed',
  { clock, notice }: Pick<StartOptions, 'clock' | 'notice'>,
): Promise<void> {
  const { lease, loop, conductor: hands, checkpoints, anchors, works } = parts
  loop.drain()
  const grace = new AbortController()
  const cancel = clock.at(clock.now() + GRACE_MS, () => grace.abort())
  const within = (work: Promise<unknown>) =>
    orAbort(work, grace.signal).catch((error: unknown) => notice(toSeamError(error)))
  try {
    await within(Promise.allSettled(works))
    await within(hands.close())
    await within(loop.post({ type: 'close', reason }))
    await checkpoints.close(grace.signal)
    await anchors.close(grace.signal)
    await loop.close()
  } finally {
    cancel()
    await lease.release()
  }
}

/** Begins no attempt and waits until nothing runs. Errors: why it was aborted; all is then as before. */
export async function finishAll(
  { loop, batches }: Parts,
  { finishing = false }: EngineOptions,
  signal: AbortSignal,
): Promise<void> {
  loop.finish(true)
  try {
    // What was taken before is decided by then.
    await orAbort(posted(loop, { type: 'tick' }), signal)
    while (loop.state.launches.size > 0) await orAbort(new Promise<void>((resolve) => batches.add(resolve)), signal)
  } catch (error) {
    loop.finish(finishing)
    void loop.post({ type: 'tick' })
    throw error
  }
}

/** Asks every run to cancel, with `keepPaused` those that are not paused, and waits until none of them is left. */
export async function cancelAll({ loop, batches }: Parts, keepPaused: boolean): Promise<void> {
  loop.drain()
  const principal = { id: 'engine' }
  const all = [...loop.state.runs.values()]
  const runs = all.filter((run) => !keepPaused || !isPaused(loop.state, run)).map(({ id }) => id)
  await Promise.all(runs.map((run) => loop.post({ type: 'cancel', principal, run })))
  while (runs.some((run) => loop.state.runs.has(run))) await new Promise<void>((resolve) => batches.add(resolve))
}

/** The answer to a command. Errors: what it was refused with. */
export async function posted(loop: Loop, command: Command): Promise<Reply & { ok: true }> {
  const reply = await loop.post(command)
  if (!reply.ok) throw reply.error
  return reply
}

/** An existing log keeps its origin. */
async function originOf({ ns, journal, newOrigin }: StartOptions): Promise<string> {
  for await (const { header } of journal.read(ns, 0, { to: 1 })) {
    const record = parsePlaced(header)
    if (record.kind === 'log.opened') return record.data.origin
  }
  return newOrigin()
}

function questionOf(end: LaunchEnd, salt: () => Uint8Array): SaltedPayload | undefined {
  if (end.type !== 'report' || end.report.verdict.outcome !== 'parked') return undefined
  const { question } = end.report.verdict
  return question && { mediaType: 'application/json', bytes: canonicalJson({ ...question }), salt: salt() }
}

const asItIs = (text: string): string => text

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
