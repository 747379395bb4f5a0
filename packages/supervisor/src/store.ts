import type { Exit, LaunchState } from '@seamark/core'
import { hasCode, isSeamError, SeamError, toSeamError } from '@seamark/kit'
import { fields, number, numberOrNone, text, textOrNone, word, type Fields } from './fields.ts'
import { openJournal, readLines } from './journal.ts'
import type { Layout } from './paths.ts'
import { exitFrom } from './state.ts'
import { openTombstones } from './tombstones.ts'

/** What is durably known of one launch that is not reaped. */
export interface Launch {
  readonly launchId: string
  /** The name of the executor that launched it. */
  readonly executor: string
  readonly startedAt: number
  /** The number of the change that started it, and of the one that ended it. */
  readonly startSeq: number
  readonly endSeq?: number
  readonly exit?: Exit
  /** Processes that were found and killed when it was found lost. */
  readonly lost?: { readonly processes: number }
  /** The first process, as long as this boot lasts. */
  readonly process?: { readonly pid: number; readonly start: string; readonly boot: string }
}

export function stateOf(launch: Launch): LaunchState {
  if (launch.exit !== undefined) return { state: 'exited', exit: launch.exit }
  if (launch.lost !== undefined) return { state: 'lost' }
  return { state: 'running', startedAt: launch.startedAt }
}

/** The supervisor's memory: launches, tombstones and a number for every change, all durable. */
export interface Store {
  readonly launches: ReadonlyMap<string, Launch>
  readonly head: number
  isReaped(launchId: string): boolean
  /** Writes a launch down. Nothing of it may run before that is durable. Errors: `UNAVAILABLE`, thrown at once. */
  launched(launchId: string, executor: string, startedAt: number): { launch: Launch; durable: Promise<void> }
  /** Notes the first process of a launch. */
  started(launchId: string, process: { pid: number; start: string; boot: string }): void
  /** Takes a launch back that could not be started for want of capacity. */
  withdrawn(launchId: string): Promise<void>
  /** Writes an end down; it is known once that is durable. Errors: `UNAVAILABLE`, thrown at once. */
  exited(launchId: string, exit: Exit): { seq: number; durable: Promise<Launch> }
  lost(launchId: string, processes: number): { seq: number; durable: Promise<Launch> }
  reaped(launchId: string): Promise<void>
  close(): Promise<void>
}

/** Of what is kept in the supervisor's folder. */
const VERSION = 1

const kinds = ['head', 'launch', 'process', 'withdrawn', 'exit', 'lost', 'reaped'] as const

export interface StoreLimits {
  /** Bytes of the journal from which on it is made shorter, where half of it can go. */
  readonly journalBytes: number
  /** How many tombstones are kept in the journal, and in memory. */
  readonly tombstones: number
}

const LIMITS: StoreLimits = { journalBytes: 16 * 1024 * 1024, tombstones: 1_000 }

/**
 * Opens the state of a data folder. It grows with the launches that are not reaped; of the others only tombstones are left,
 * on the disk. Errors: `INTEGRITY` when the file is not what was written, `UNSUPPORTED` when a newer version wrote it.
 */
export function openStore(layout: Layout, limits: StoreLimits = LIMITS): Store {
  const launches = new Map<string, Launch>()
  const tombstones = openTombstones(layout.reaped)
  const reaped = new Set<string>()
  let head = 0
  let copied = false

  const update = (launchId: string, change: Partial<Launch>): Launch => {
    const known = launches.get(launchId)
    if (known === undefined)
      throw new SeamError('INTEGRITY', `The supervisor's state names an unknown launch ${launchId}.`)
    const next = { ...known, ...change }
    launches.set(launchId, next)
    return next
  }

  const apply = (from: Fields) => {
    const kind = word(from, 'kind', kinds)
    head = Math.max(head, numberOrNone(from, 'seq') ?? 0)
    if (kind === 'head') {
      const version = number(from, 'version')
      if (version > VERSION)
        throw new SeamError(
          'UNSUPPORTED',
          `${layout.journal} is of version ${version}; this release knows versions up to ${VERSION}.`,
          { remedy: 'Use the release that wrote it, or a newer one.' },
        )
      // Process ids of the folder that this one is a copy of are not ours to kill.
      copied = textOrNone(from, 'data') !== layout.id
      return
    }
    const launchId = text(from, 'launchId')
    if (kind === 'launch')
      launches.set(launchId, {
        launchId,
        executor: text(from, 'executor'),
        startedAt: number(from, 'startedAt'),
        startSeq: number(from, 'seq'),
      })
    else if (kind === 'process' && copied) return
    else if (kind === 'process')
      update(launchId, { process: { pid: number(from, 'pid'), start: text(from, 'start'), boot: text(from, 'boot') } })
    else if (kind === 'exit') update(launchId, { endSeq: number(from, 'seq'), exit: exitFrom(from['exit']) })
    else if (kind === 'lost')
      update(launchId, { endSeq: number(from, 'seq'), lost: { processes: number(from, 'processes') } })
    else {
      launches.delete(launchId)
      if (kind === 'reaped') reaped.add(launchId)
    }
  }

  const lines = readLines(layout.journal)
  for (const [index, line] of lines.entries()) {
    try {
      apply(fields(JSON.parse(line), 'line'))
    } catch (error) {
      if (hasCode(error, 'UNSUPPORTED')) throw error
      throw new SeamError('INTEGRITY', `Line ${index + 1} of ${layout.journal} is not what was written.`, {
        remedy: 'Restore the data folder from a backup.',
        cause: error,
      })
    }
  }
  const shortest = () => {
    if (reaped.size > limits.tombstones) {
      tombstones.add(reaped)
      reaped.clear()
    }
    return compact(layout.id, head, launches, reaped)
  }
  const journal = openJournal(layout.journal, shortest())
  const nextBound = () => Math.max(limits.journalBytes, 2 * journal.size)
  let bound = nextBound()
  let shortening: NodeJS.Immediate | undefined

  const shorten = () => {
    shortening = undefined
    try {
      journal.replace(shortest())
    } catch (error) {
      if (isSeamError(error)) throw error
      // It goes on as it is, and this is tried again when it is twice as long.
      process.stderr.write(`The journal could not be made shorter: ${toSeamError(error).message}\n`)
    }
    bound = nextBound()
  }

  const nextSeq = () => ++head
  const line = (entry: object) => JSON.stringify(entry)

  const end = (kind: 'exit' | 'lost', launchId: string, change: Pick<Launch, 'exit' | 'lost'>) => {
    const seq = nextSeq()
    const durable = journal.append(line({ kind, seq, launchId, ...(change.lost ?? change) }))
    return { seq, durable: durable.then(() => update(launchId, { endSeq: seq, ...change })) }
  }

  return {
    launches,
    get head() {
      return head
    },
    isReaped: (launchId) => reaped.has(launchId) || tombstones.has(launchId),
    launched(launchId, executor, startedAt) {
      const launch: Launch = { launchId, executor, startedAt, startSeq: nextSeq() }
      const durable = journal.append(line({ kind: 'launch', seq: launch.startSeq, launchId, executor, startedAt }))
      launches.set(launchId, launch)
      return { launch, durable }
    },
    started(launchId, process) {
      update(launchId, { process })
      journal.note(line({ kind: 'process', launchId, ...process }))
    },
    async withdrawn(launchId) {
      await journal.append(line({ kind: 'withdrawn', launchId }))
      launches.delete(launchId)
    },
    exited: (launchId, exit) => end('exit', launchId, { exit }),
    lost: (launchId, processes) => end('lost', launchId, { lost: { processes } }),
    async reaped(launchId) {
      await journal.append(line({ kind: 'reaped', launchId }))
      launches.delete(launchId)
      reaped.add(launchId)
      // Apart: by then all that became durable together is in the state too.
      if (journal.size > bound) shortening ??= setImmediate(shorten)
    },
    close() {
      clearImmediate(shortening)
      return journal.close()
    },
  }
}

/** The shortest journal that says the same. */
function* compact(
  data: string,
  head: number,
  launches: ReadonlyMap<string, Launch>,
  reaped: ReadonlySet<string>,
): Iterable<string> {
  yield JSON.stringify({ kind: 'head', version: VERSION, seq: head, data })
  for (const launchId of reaped) yield JSON.stringify({ kind: 'reaped', launchId })
  for (const { launchId, executor, startedAt, startSeq, endSeq, exit, lost, process } of launches.values()) {
    yield JSON.stringify({ kind: 'launch', seq: startSeq, launchId, executor, startedAt })
    if (process !== undefined) yield JSON.stringify({ kind: 'process', launchId, ...process })
    if (exit !== undefined) yield JSON.stringify({ kind: 'exit', seq: endSeq, launchId, exit })
    if (lost !== undefined) yield JSON.stringify({ kind: 'lost', seq: endSeq, launchId, ...lost })
  }
}
