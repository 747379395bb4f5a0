import { isSeamError, SeamError, sleep, systemCode, toSeamError } from '@seamark/kit'
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { openConnection, type Connection } from './connection.ts'
import { layoutOf, SYSTEM_PATH, type Layout } from './paths.ts'
import { supervisorProblem } from './platform.ts'
import { EXIT_TAKEN, EXITS_WITHOUT_WAYS, startLine, startLineWithWays, type StartLine } from './start-line.ts'

export interface SupervisorOptions {
  /** The data folder; made where it is missing. */
  readonly dir: string
  /** How long a supervisor waits for somebody who needs it. Default 2,000 ms. */
  readonly graceMs?: number
}

/** How long a supervisor may take to answer after its start. */
const patienceMs = 15_000

/**
 * Connects to the supervisor of a data folder, and starts one where there is none. Any number of
 * processes may do so at once and get the same one. Errors: `UNAVAILABLE`; `UNSUPPORTED` where none can run.
 */
export async function reachSupervisor(options: SupervisorOptions, executor: string): Promise<Connection> {
  const problem = supervisorProblem()
  if (problem !== undefined) throw new SeamError(problem.code, problem.message, { problems: [problem] })
  const layout = prepareFolder(options.dir)
  const until = Date.now() + patienceMs
  let starting: Promise<Ended> | undefined
  let ended: Ended | undefined
  for (let wait = 2; ; wait = Math.min(50, wait * 2)) {
    try {
      const connection = await openConnection(layout.folder, executor)
      starts.delete(layout.folder)
      return connection
    } catch (error) {
      if (isSeamError(error) && !brokenOff(error)) throw error
      if (!isSeamError(error) && !nobodyListens(error)) throw unavailable(layout, error)
    }
    if (starting === undefined) {
      ended = undefined
      starting = startOnce(layout, options.graceMs ?? 2000)
      void starting.then((how) => {
        ended = how
      })
    }
    if (ended !== undefined) {
      // One that left because another has the folder is no failure; nor is one that left for want of work,
      // nor one that was killed.
      if (ended.code !== undefined && ended.code !== 0 && ended.code !== EXIT_TAKEN)
        throw unavailable(layout, ended.said)
      starting = undefined
    }
    if (Date.now() > until) throw unavailable(layout, 'it does not answer')
    await sleep(wait)
  }
}

/** The data folder by its real path, with the supervisor's folder in it. */
export function prepareFolder(dir: string): Layout {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const layout = layoutOf(realpathSync(dir))
    mkdirSync(layout.folder, { recursive: true, mode: 0o700 })
    return layout
  } catch (error) {
    throw new SeamError(
      'UNAVAILABLE',
      `The data folder can not be used: ${dir} (${systemCode(error) ?? 'unknown error'}).`,
      {
        remedy: 'Choose a folder that this user may write.',
        cause: error,
      },
    )
  }
}

interface Ended {
  /** Absent where a signal ended it. */
  readonly code: number | undefined
  readonly said: string
}

/** As a shell says it where there is nothing to run. */
const NOTHING_RUN = 127

/** Starts of this process that nobody has an answer of yet, by folder: another one beside it could only leave again. */
const starts = new Map<string, Promise<Ended>>()

function startOnce(layout: Layout, graceMs: number): Promise<Ended> {
  const before = starts.get(layout.folder)
  if (before !== undefined) return before
  const start = startSupervisor(layout, graceMs).catch((error: unknown): Ended => ({
    code: NOTHING_RUN,
    said: toSeamError(error).message,
  }))
  starts.set(layout.folder, start)
  void start.then(() => {
    if (starts.get(layout.folder) === start) starts.delete(layout.folder)
  })
  return start
}

async function startSupervisor(layout: Layout, graceMs: number): Promise<Ended> {
  const withWays = startLineWithWays(layout.data, graceMs)
  if (withWays !== undefined) {
    const ended = await runDetached(layout, withWays)
    // Without the right to mount, sandboxes reach what lies on an open path, and say so otherwise.
    if (ended.code === undefined || !EXITS_WITHOUT_WAYS.includes(ended.code)) return ended
  }
  return runDetached(layout, startLine(layout.data, graceMs))
}

function runDetached(layout: Layout, { file, args }: StartLine): Promise<Ended> {
  const log = openSync(layout.log, 'a', 0o600)
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: '/',
      env: { PATH: SYSTEM_PATH },
      detached: true,
      stdio: ['ignore', 'ignore', log],
    })
    closeSync(log)
    child.unref()
    child.once('error', (error) => resolve({ code: NOTHING_RUN, said: error.message }))
    child.once('exit', (code) => resolve({ code: code ?? undefined, said: code === 0 ? '' : lastLine(layout.log) }))
  })
}

function lastLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? ''
  } catch (error) {
    // The data folder may be gone together with the supervisor.
    return systemCode(error) ?? 'it said nothing'
  }
}

function nobodyListens(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(systemCode(error) ?? '')
}

/** The supervisor was just leaving. */
function brokenOff(error: SeamError): boolean {
  return error.code === 'UNAVAILABLE' && error.problems[0]?.remedy === undefined
}

function unavailable(layout: Layout, why: unknown): SeamError {
  const said = why instanceof Error ? why.message : String(why)
  return new SeamError('UNAVAILABLE', `The supervisor of ${layout.data} can not be reached: ${said}`, {
    remedy: `See ${layout.log}.`,
    cause: why,
  })
}
