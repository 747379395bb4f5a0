import { randomBytes } from 'node:crypto'
import type { AnyRecord, Principal, Submission } from '@seamark/core'
import { ITEM_ID, NAME, orAbort, SeamError, systemClock, toSeamError } from '@seamark/kit'
import { checkData, jcsText, LIMITS } from '@seamark/log'
import { agentsOf, checkAgent } from './agents.ts'
import { authorization } from './authorization.ts'
import { checkSubmission } from './check-submission.ts'
import type { Command, SaltedPayload } from './commands.ts'
import { budgetsOf } from './budgets-of.ts'
import { checkUsage } from './decide-usage.ts'
import { chunkItems } from './commands.ts'
import { denials } from './denials.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Engine, StopOptions } from './engine.ts'
import { whileLeading } from './lead.ts'
import type { Parts } from './parts.ts'
import { begin, cancelAll, endParts, finishAll, makeParts, posted } from './parts.ts'
import { isPaused } from './pause.ts'
import { rerun } from './rerun.ts'
import { storageCommands } from './storage-commands.ts'
import { sealWatch } from './seal-watch.ts'
import { teamsOf } from './teams.ts'
import { waitingFor } from './waiting.ts'

/** Characters of an answer to a question. */
const ANSWER_CHARS = 20_000

/** The engine of one namespace. Does nothing until `start`. */
export function createEngine(options: EngineOptions): Engine {
  const { ns, clock = systemClock } = options
  const salt = options.salt ?? (() => randomBytes(32))
  const notice = options.onNotice ?? (() => undefined)
  const failed = Promise.withResolvers<unknown>()
  const listeners = new Set<(headers: readonly AnyRecord[]) => void>()
  const seals = sealWatch()
  /** Fires when the engine failed, or begins to stop. */
  const gone = new AbortController()
  let hasFailed = false
  let starting: Promise<void> | undefined
  let stopped: Promise<void> | undefined
  let parts: Parts | undefined

  const denied = denials({
    clock,
    async record(principal, data) {
      await posted(running().loop, { type: 'deny', principal, data })
    },
  })
  const authorize = authorization({ ns, authorizer: options.authorizer, denied: denied.add, notice })

  function running(): Parts {
    if (parts === undefined)
      throw new SeamError('UNAVAILABLE', 'The engine is not running.', {
        remedy: 'Start it, or ask the one that runs.',
      })
    return parts
  }

  function fail(error: Error): void {
    hasFailed = true
    failed.resolve(error)
    gone.abort(error)
    seals.end(new SeamError('UNAVAILABLE', 'The engine failed before the run was sealed.', { cause: error }))
  }

  /** A follower that fails is its own affair: the records are durable. */
  function tell(records: readonly AnyRecord[]): void {
    for (const listener of listeners) {
      try {
        listener(records)
      } catch (error) {
        notice(toSeamError(error))
      }
    }
  }

  function payload(value: unknown, pointer: string): SaltedPayload {
    // A policy may hold fractions of processors.
    const bytes = Buffer.from(jcsText(value))
    requireRoom(bytes, pointer)
    return { mediaType: 'application/json', bytes, salt: salt() }
  }

  function submitCommand(principal: Principal, submission: Submission): Command & { type: 'submit' } {
    checkSubmission(submission, options)
    const teams = teamsOf(principal)
    const { run, plan, spec, layers = {}, items } = submission
    const head = payload({ spec, layers }, '/spec')
    const chunks = chunkItems(items, salt)
    for (const chunk of chunks) requireRoom(chunk.payload.bytes, `/items/${chunk.items[0]?.[0] ?? 0}`)
    return { type: 'submit', principal, teams, submission: { run, plan, spec }, items: items.length, head, chunks }
  }

  async function setPaused(type: 'pause' | 'unpause', principal: Principal, run?: string) {
    const verb = type === 'pause' ? 'pause' : 'resume'
    await (run === undefined ? authorize(principal, `service.${verb}`) : authorize(principal, `run.${verb}`, { run }))
    if (run !== undefined) requireIds(run, undefined)
    const reply = await posted(running().loop, { type, principal, ...(run !== undefined && { run }) })
    return { effective: reply.effective ?? true }
  }

  async function rowOf(run: string) {
    const { rows } = await options.projections.query(ns, 'runs', { run })
    return rows[0]
  }

  async function start(): Promise<void> {
    const started = { ...options, clock, salt, notice, seals, fail, tell }
    const made = await makeParts(started)
    parts = made
    try {
      await begin(made, started)
    } catch (error) {
      await end(made, {})
      throw error
    }
  }

  async function end(made: Parts, { cancelRunning = false, keepPaused = false }: StopOptions): Promise<void> {
    gone.abort()
    try {
      if (cancelRunning && !hasFailed) await Promise.race([cancelAll(made, keepPaused), failed.promise])
      denied.close()
      await endParts(made, hasFailed ? 'failed' : 'requested', { clock, notice })
    } finally {
      parts = undefined
      seals.end(new SeamError('UNAVAILABLE', 'The engine stopped before the run was sealed.'))
    }
  }

  return {
    ns,
    failed: failed.promise,
    start() {
      if (starting !== undefined)
        return Promise.reject(new SeamError('CONFLICT', 'This engine was started before.', { remedy: 'Make another.' }))
      starting = start()
      return starting
    },
    stop(how = {}) {
      // What did not start has nothing to stop.
      stopped ??= starting?.then(
        () => parts && end(parts, how),
        () => undefined,
      )
      return stopped ?? Promise.resolve()
    },
    authorize,
    async denied(principal, denial) {
      const problem = checkData('command.denied', denial)
      if (problem !== undefined) throw new SeamError('INVALID_INPUT', `This is no command.denied: ${problem}`)
      await denied.add(principal, denial)
    },
    // Not an async function: its frame would hold the items while the engine takes them in.
    submit(principal, submission) {
      const { run } = submission
      return authorize(principal, 'run.submit', { run })
        .then(() => posted(running().loop, submitCommand(principal, submission)))
        .then(createdOf(run))
    },
    rerun: (principal, request, check) =>
      rerun(principal, request, check, {
        options,
        authorize,
        submit: submitCommand,
        post: (command) => posted(running().loop, command),
      }),
    async cancel(principal, run, item) {
      await (item === undefined
        ? authorize(principal, 'run.cancel', { run })
        : authorize(principal, 'item.cancel', { run, item }))
      requireIds(run, item)
      const reply = await posted(running().loop, {
        type: 'cancel',
        principal,
        run,
        ...(item !== undefined && { item }),
      })
      return { effective: reply.effective ?? true }
    },
    pause: (principal, run) => setPaused('pause', principal, run),
    unpause: (principal, run) => setPaused('unpause', principal, run),
    paused: () => running().loop.state.paused,
    drain: ({ signal }) => finishAll(running(), options, AbortSignal.any([signal, gone.signal])),
    async resume(principal, run, item, token) {
      await authorize(principal, 'item.resume', { run, item })
      requireIds(run, item)
      await posted(running().loop, { type: 'resume', principal, run, item, token })
    },
    async answer(principal, run, item, token, text) {
      await authorize(principal, 'item.answer', { run, item })
      requireIds(run, item)
      if (text.trim() === '' || text.length > ANSWER_CHARS)
        throw new SeamError('INVALID_INPUT', `An answer has 1 to ${ANSWER_CHARS} characters.`, {
          place: { pointer: '/text' },
        })
      const bytes = Buffer.from((options.redact?.(text) ?? text).toWellFormed())
      const said = { mediaType: 'text/plain; charset=utf-8', bytes, salt: salt() }
      await posted(running().loop, { type: 'answer', principal, run, item, token, text: said })
    },
    async approve(principal, run, item, token, more = {}) {
      await authorize(principal, 'item.approve', { run, item })
      requireIds(run, item)
      checkUsage({ id: item, worst: more })
      await posted(running().loop, { type: 'approve', principal, run, item, token, more })
    },
    async pushAgent(principal, agent) {
      checkAgent(agent)
      await authorize(principal, 'agent.push', { agent: agent.name })
      const { created = true } = await posted(running().loop, { type: 'push-agent', principal, agent })
      return { created }
    },
    async removeAgent(principal, name, version) {
      const agent = `${name}@${version}`
      await authorize(principal, 'agent.remove', { agent })
      const { effective = true } = await posted(running().loop, { type: 'remove-agent', principal, name, version })
      return { removed: effective }
    },
    ...storageCommands({ authorize, running, clock, redact: options.redact }),
    whileLeading: whileLeading({ ns, journal: options.journal, running, gone: gone.signal }),
    agents: () => agentsOf(running().loop.state),
    budgets: (run) => budgetsOf(running().loop.state, clock.now(), run),
    waiting: (run, item) => waitingFor(running().loop.state, run, item, running().loop.frugal),
    async sealed(run, { signal } = {}) {
      if (!seals.knows(run) && !running().loop.state.runs.has(run)) {
        const row = await rowOf(run)
        if (row === undefined) throw new SeamError('NOT_FOUND', `There is no run ${run}.`)
        // The seal may have become durable in this moment: after the loop's answer that is known.
        await posted(running().loop, { type: 'tick' })
        if (!seals.knows(run) && row.status !== 'running' && row.status !== 'canceling') {
          // Sealed under an engine before this one, which may have ended before it could sign.
          if (!running().allSigned) await orAbort(seals.nextSigned(), signal)
          return row.status
        }
      }
      return orAbort(seals.wait(run), signal)
    },
    stats() {
      const { state } = running().loop
      let waiting = 0
      let parked = 0
      let paused = 0
      for (const run of state.runs.values()) {
        if (isPaused(state, run)) paused++
        for (const { phase } of run.items) {
          if (phase === 'parked') parked++
          else if (phase !== 'running' && phase !== 'settled') waiting++
        }
      }
      const slots = Object.fromEntries([...state.queues].map(([name, { running: held }]) => [name, held]))
      return { runs: state.runs.size, paused, running: state.launches.size, waiting, parked, size: state.size, slots }
    },
    onRecords(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function requireRoom(bytes: Uint8Array, pointer: string): void {
  if (bytes.length > LIMITS.payloadBytes)
    throw new SeamError('LIMIT_EXCEEDED', `It takes ${bytes.length} bytes; at most ${LIMITS.payloadBytes} fit.`, {
      place: { pointer },
      remedy: 'Put long texts into files of the workspace.',
    })
}

// What no run or item can be called goes into no record.
function requireIds(run: string, item: string | undefined): void {
  if (!NAME.test(run)) throw new SeamError('NOT_FOUND', 'There is no run of that id.')
  if (item !== undefined && !ITEM_ID.test(item)) throw new SeamError('NOT_FOUND', `Run ${run} has no item of that id.`)
}

// Of the module, since closures of one function share what they capture.
function createdOf(run: string) {
  return ({ created = true }: { readonly created?: boolean }): { run: string; created: boolean } => ({ run, created })
}
