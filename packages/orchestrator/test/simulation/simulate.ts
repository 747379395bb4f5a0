import type { EngineOptions } from '../../src/engine-options.ts'
import type { Engine } from '../../src/engine.ts'
import type { AnchorReceipt, AnyRecord, AuditAnchor, RunOutcome, Submission } from '@seamark/core'
import { allowLocal, hasCode, SeamError } from '@seamark/kit'
import { memoryJournal } from '@seamark/testing'
import { parsePlaced } from '../../src/records.ts'
import { LOCAL } from '../harness.ts'
import { bundleViolations, logSigner, ORIGIN } from './bundles.ts'
import { factViolations } from './facts.ts'
import { host } from './hands.ts'
import type { Stored } from './invariants.ts'
import { violationsOf } from './invariants.ts'
import { answerOne, answerParked, cancelRefused } from './waiting.ts'
import type { Life, World } from './world.ts'
import { world, YEAR_MS } from './world.ts'
import { pauses, pausing } from './pausing.ts'
import { budgetsAt, memberFor, randomPlan } from './plans.ts'
import { rowViolations } from './rows.ts'
import { recoveryViolations } from './recovery.ts'
import { spending } from './spending.ts'

const MAX_STEPS = 60_000
/** One anchor takes a checkpoint often; the other never, unless a run is sealed: its cadence is beyond the simulation. */
const ANCHORS = [
  { name: 'often', everyMs: 1_000 },
  { name: 'rarely', everyMs: 10 * YEAR_MS },
]
/** After so many steps nothing new goes wrong, so that what must end can. */
const ROUGH_STEPS = 500

export interface Outcome {
  readonly seed: number
  readonly violations: readonly string[]
  readonly steps: number
  readonly crashes: number
  readonly records: number
}

/** One schedule: random plans, a random order of everything, crashes, lost answers; then the invariants. */
export async function simulate(seed: number, createEngine: (options: EngineOptions) => Engine): Promise<Outcome> {
  const sim = world(seed)
  // With one slot, a slot that is lost is missed.
  const concurrency = seed % 5 < 2 ? 1 : 3
  const machine = host(sim)
  const submissions = new Map<string, Submission>()
  const acknowledged = new Set<string>()
  const errors: string[] = []
  let journal = memoryJournal({
    onAppend: () => (sim.chance(0.01) ? 'fail-before' : sim.chance(0.01) ? 'fail-after' : 'ok'),
    full: () => full,
  })
  let full = false
  let crashes = 0
  let denials = 0
  let life = newLife()
  let halting = false
  const told = new Map<string, RunOutcome>()
  let calm = false
  let engine: Engine | undefined

  async function begin(mine: SimulatedLife): Promise<void> {
    const made = createEngine({
      ns: 'default',
      journal: slow(sim, mine, journal.journal, seed % 4 === 0 ? 8 : 1),
      projections: journal.projections,
      worker: machine.workerOf(mine),
      executors: [machine.executorOf(mine)],
      runtimes: ['command'],
      authorizer: allowLocal(),
      signer: { ...logSigner, sign: (bytes) => flaky(sim, mine, calm, () => logSigner.sign(bytes)) },
      anchors: ANCHORS.map((stated) => anchor(stated, (receipt) => flaky(sim, mine, false, () => receipt))),
      queues: { default: { concurrency } },
      budgets: budgetsAt(seed, crashes),
      newOrigin: () => ORIGIN,
      version: '0.0.0',
      holder: 'simulation',
      recordsPerSnapshot: 10,
      clock: sim.clockOf(mine),
      random: () => sim.random(),
      salt: () => new Uint8Array(32).fill(7),
      yield: () => sim.later(mine, () => undefined),
    })
    await made.start()
    if (mine.ended) return
    engine = made
    void made.failed.then((error) => mine.ended || errors.push(`the engine failed: ${String(error)}`))
  }

  async function crash(): Promise<void> {
    crashes++
    leave()
    journal = journal.reopen()
    errors.push(...(await recoveryViolations(journal)))
    enter()
  }

  function leave(): void {
    life.ended = true
    life.over.resolve()
    engine = undefined
    halting = false
    life = newLife()
  }

  /** A stop as people ask for it, and a start after it. */
  async function halt(cancelRunning: boolean): Promise<void> {
    const [mine, present] = [life, engine]
    if (present === undefined || halting) return
    halting = true
    await Promise.all([present.stop({ cancelRunning }), present.stop()])
    if (mine.ended) return
    leave()
    enter()
  }

  /** Somebody who waits for the end of a run, and asks again only when the service was restarted. */
  async function follow(run: string): Promise<void> {
    while (!told.has(run)) {
      const mine = life
      const answer = await Promise.race([engine?.sealed(run).catch(() => undefined), mine.over.promise])
      if (typeof answer === 'string') {
        told.set(run, answer)
        if (!mine.ended && !(await isSigned(journal, run)))
          errors.push(`the end of ${run} was told before it was signed`)
      } else await new Promise<void>((resolve) => sim.clock.at(sim.clock.now() + 50, resolve))
    }
  }

  function enter(): void {
    const mine = life
    begin(mine).catch((error: unknown) => mine.ended || errors.push(`the engine did not start: ${String(error)}`))
  }

  /** A client that asks again until it is answered. */
  async function client(ask: (to: Engine) => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < 5_000; tries++) {
      const to = engine
      if (to !== undefined) {
        const asked = ask(to).then(
          () => 'done',
          (error: unknown) => (hasCode(error, 'UNAVAILABLE') || hasCode(error, 'LIMIT_EXCEEDED') ? 'again' : 'refused'),
        )
        const answer = await Promise.race([asked, gone(sim)])
        if (answer === 'done' || answer === 'refused') return
      }
      await new Promise<void>((resolve) => sim.clock.at(sim.clock.now() + 100, resolve))
    }
  }

  /** An item may be gone meanwhile, and so may the engine; anything else is a defect. */
  async function approved(
    run: string,
    item: string,
    token: string,
    more: { readonly nanoUsd?: number },
  ): Promise<void> {
    try {
      await engine?.approve(LOCAL, run, item, token, more)
    } catch (error) {
      if (!hasCode(error, 'CONFLICT') && !hasCode(error, 'NOT_FOUND') && !hasCode(error, 'UNAVAILABLE')) throw error
    }
  }

  /** Somebody who gives more to whoever waits for a budget, and answers what is asked. */
  async function approveAll(): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => sim.clock.at(sim.clock.now() + 700, resolve))
      for (const { run, items, spec } of submissions.values())
        for (const { id } of items) {
          const waiting = engine?.waiting(run, id)
          if (waiting?.for !== 'parked') continue
          if (engine !== undefined && waiting.question !== undefined) {
            const of = { run, item: id }
            const answered = answerOne(engine, sim, of, waiting).then((wrong) => wrong && errors.push(wrong))
            await Promise.race([answered, life.over.promise])
          }
          if (waiting.reason !== 'budget') continue
          const more = { ...(spec.budget?.nanoUsd !== undefined && { nanoUsd: 100 }) }
          await Promise.race([approved(run, id, waiting.token, more), life.over.promise])
        }
      if (told.size === submissions.size && acknowledged.size === submissions.size) return
    }
  }

  async function calmness(): Promise<void> {
    while (sim.steps <= ROUGH_STEPS) await new Promise<void>((resolve) => sim.clock.at(sim.clock.now() + 200, resolve))
  }

  /** Somebody who may do nothing asks for more than is recorded one by one. */
  async function intrude(): Promise<void> {
    const to = engine
    for (let n = 0; to !== undefined && n < 14; n++)
      void to.authorize({ id: 'stranger' }, 'run.read').catch(async (error: unknown) => {
        if (!hasCode(error, 'FORBIDDEN')) return
        denials++
        if ((await recordedDenials(journal)) < denials) errors.push('a denial was told before it was recorded')
      })
  }

  enter()
  for (let n = 0; n < 1 + Math.floor(sim.random() * 3); n++) {
    const plan = randomPlan(sim, `run-${n}`)
    submissions.set(plan.run, plan)
    const submit = () =>
      client((to) => to.submit(memberFor(plan.run, false), plan).then(() => acknowledged.add(plan.run)))
    void (sim.chance(plan.layers === undefined ? 0.3 : 0.7) ? calmness().then(submit) : submit())
    void follow(plan.run)
    if (sim.chance(0.3)) void client((to) => to.submit(memberFor(plan.run, true), plan))
    if (sim.chance(0.3))
      void afterSome(sim, sim.chance(0.3) ? 500 : 40).then(() => client((to) => to.cancel(LOCAL, plan.run)))
    if (sim.chance(0.3))
      void afterSome(sim).then(() => client((to) => to.cancel(LOCAL, plan.run, sim.pick(plan.items).id)))
    if (sim.chance(0.2))
      void afterSome(sim).then(() =>
        client((to) => to.resume(LOCAL, plan.run, sim.pick(plan.items).id, 'no-such-token')),
      )
  }

  void approveAll()
  if (pauses(seed)) void pausing(sim, client, submissions)
  if (sim.chance(0.5)) void client((to) => answerParked(to, submissions))
  else void client((to) => cancelRefused(to, machine))
  if (sim.chance(0.3)) void afterSome(sim, 200).then(intrude)

  // What was begun in calm is recovered too: after a crash, and once from a snapshot made while all that is left waits.
  const lastCrash = ROUGH_STEPS + Math.floor(sim.random() * 800)
  let paused = false
  let idle = 0
  let quiet = 0
  while (sim.steps < MAX_STEPS && errors.length === 0) {
    calm = sim.steps > ROUGH_STEPS
    const pause: boolean = calm && !paused && sim.chance(stillness(engine))
    paused ||= pause
    if (calm ? sim.steps === lastCrash : sim.chance(0.015)) await crash()
    if (calm ? pause : sim.chance(0.004))
      void halt(!calm && sim.chance(0.3)).catch((error: unknown) => errors.push(String(error)))
    if (!calm && sim.chance(0.004)) machine.loseAll()
    if (!calm && sim.chance(0.001)) machine.away(sim.random() * 120_000)
    full = !calm && (full ? !sim.chance(0.05) : sim.chance(0.005))
    idle = (await sim.step()) ? 0 : idle + 1
    const over =
      sim.steps > ROUGH_STEPS &&
      engine !== undefined &&
      acknowledged.size === submissions.size &&
      !halting &&
      told.size === submissions.size &&
      engine.stats().runs === 0 &&
      machine.running.size === 0 &&
      machine.held.size === 0
    // The state is ahead of the journal while an append is under way.
    quiet = over ? quiet + 1 : 0
    if (quiet > 60 && !(await isAnchored(journal))) quiet = 0
    // What was just asked to stop has not had its turn yet.
    if (quiet > 60 || (idle > 3 && (!halting || idle > 30))) break
  }

  const found = [...errors, ...machine.violations]
  const log: Stored[] = []
  for await (const { header: bytes, leaf } of journal.journal.read('default', 0))
    log.push({ header: JSON.parse(Buffer.from(bytes).toString('utf8')), bytes, leaf })
  const submitted = new Set(log.flatMap(({ header }) => (header.kind === 'run.submitted' ? [header.run] : [])))
  for (const run of acknowledged) if (!submitted.has(run)) found.push(`run ${run} was acknowledged and is lost`)
  if (acknowledged.size < submissions.size) found.push('a submission was never acknowledged')
  found.push(...violationsOf(log, submissions, concurrency))
  found.push(...factViolations(log, machine.noted))
  found.push(...spending(log, submissions, machine.reserved))
  if (machine.held.size > 0) found.push(`${machine.held.size} launches were never reaped`)
  if (machine.prepared.size > 0) found.push(`${machine.prepared.size} folders of attempts are left`)
  if (halting) found.push('a stop never ended')
  for (const run of submissions.keys()) if (!told.has(run)) found.push(`nobody was told that ${run} ended`)
  for (const { header } of log)
    if (header.kind === 'run.sealed' && (told.get(header.run ?? '') ?? header.data.status) !== header.data.status)
      found.push(`${header.run} was told to have ended otherwise`)
  if (!(await isAnchored(journal))) found.push('the last seal is not with every anchor')
  if (machine.running.size > 0) found.push(`${machine.running.size} processes are left`)
  if (engine !== undefined) {
    const { runs, running, waiting, parked } = engine.stats()
    if (runs + running + waiting + parked > 0) found.push(`the engine still holds ${JSON.stringify(engine.stats())}`)
  }
  found.push(...(await rowViolations(journal, log, submissions)))
  const headers = log.map(({ header }) => header)
  found.push(...(await bundleViolations(journal, headers, sim.clock.now())))
  life.ended = true
  life.over.resolve()
  return { seed, violations: found, steps: sim.steps, crashes, records: log.length }
}

interface SimulatedLife {
  ended: boolean
  readonly over: PromiseWithResolvers<void>
}

function newLife(): SimulatedLife {
  return { ended: false, over: Promise.withResolvers() }
}

/** Something that is away now and then. */
async function flaky<T>(sim: World, life: Life, calm: boolean, work: () => T | Promise<T>): Promise<T> {
  const answer = await sim.later(life, work)
  if (!calm && sim.chance(0.15)) throw new SeamError('UNAVAILABLE', 'it is away')
  return answer
}

function anchor(
  stated: Pick<AuditAnchor, 'name' | 'everyMs'>,
  leave: (receipt: AnchorReceipt) => Promise<AnchorReceipt>,
): AuditAnchor {
  return {
    spec: 'anchor/v1',
    kind: 'simulated',
    ...stated,
    guarantees: { beyondOperator: { value: false, proof: 'tested' }, time: { value: false, proof: 'tested' } },
    anchor: ({ origin, size, root }) =>
      leave({ v: 1, kind: 'simulated', name: stated.name, origin, size, root, at: 0, body: null }),
    check: async () => ({ status: 'not-checked' }),
    latest: async () => undefined,
  }
}

async function headersOf({ journal }: ReturnType<typeof memoryJournal>): Promise<AnyRecord[]> {
  const headers: AnyRecord[] = []
  for await (const { header } of journal.read('default', 0)) headers.push(parsePlaced(header))
  return headers
}

/** How likely a pause is: not while something runs, most of all while only a layer waits for its time. */
function stillness(engine: Engine | undefined): number {
  const { runs = 0, running = 0, parked = 0 } = engine?.stats() ?? {}
  if (runs === 0 || running > 0) return 0
  return parked > 0 ? 0.02 : 0.3
}

/** How many denials the records stand for. */
async function recordedDenials(journal: ReturnType<typeof memoryJournal>): Promise<number> {
  let count = 0
  for (const header of await headersOf(journal)) if (header.kind === 'command.denied') count += header.data.count ?? 1
  return count
}

/** Whether the first seal of a run is under a signed checkpoint. */
async function isSigned(journal: ReturnType<typeof memoryJournal>, run: string): Promise<boolean> {
  const { checkpoint } = await journal.journal.head('default')
  const seal = (await headersOf(journal)).find((header) => header.kind === 'run.sealed' && header.run === run)
  return seal !== undefined && checkpoint !== undefined && checkpoint.size > seal.seq
}

/** Whether every anchor has a checkpoint over the newest seal. */
async function isAnchored(journal: ReturnType<typeof memoryJournal>): Promise<boolean> {
  const log = await headersOf(journal)
  const seal = log.findLast(({ kind }) => kind === 'run.sealed')
  if (seal === undefined) return true
  const names = log.flatMap((header) =>
    header.kind === 'checkpoint.anchored' && header.data.size > seal.seq ? [header.data.name] : [],
  )
  return ANCHORS.every(({ name }) => names.includes(name))
}

/** Every call takes a step to be made and a step to be answered; a crash between them loses the answer. */
function slow(
  sim: World,
  life: Life,
  journal: EngineOptions['journal'],
  appendSteps: number,
): EngineOptions['journal'] {
  const step = <T>(work: () => Promise<T>): Promise<T> =>
    sim.later(life, work).then((answer) => sim.later(life, () => answer))
  return {
    ...journal,
    acquire: (...args) => step(() => journal.acquire(...args)),
    async append(...args) {
      await step(() => journal.append(...args))
      for (let n = 1; n < appendSteps; n++) await sim.later(life, () => undefined)
    },
    commitCheckpoint: (...args) => step(() => journal.commitCheckpoint(...args)),
    head: (...args) => step(() => journal.head(...args)),
    saveState: (...args) => step(() => journal.saveState(...args)),
    loadState: (...args) => step(() => journal.loadState(...args)),
  }
}

async function afterSome(sim: World, most = 40): Promise<void> {
  for (let n = Math.floor(sim.random() * most); n > 0; n--) await sim.later(undefined, () => undefined)
}

function gone(sim: World): Promise<'again'> {
  return new Promise((resolve) => sim.clock.at(sim.clock.now() + 3_000, () => resolve('again')))
}
