import type { Exit, ExitReason } from '@seamark/core'
import { sleep, systemClock, systemCode } from '@seamark/kit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, readFileSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import type { Bounds, Breach } from './bounds.ts'
import { readStatus } from './bubblewrap-status.ts'
import { capacityError } from './capacity.ts'
import type { Capture } from './capture.ts'
import { FIRST_REPORT_BYTES } from './first-report.ts'
import type { LaunchRequest } from './launch-request.ts'
import { outputPath, statusPath, type Layout } from './paths.ts'
import { noInput, type StandardStreams } from './standard-streams.ts'
import type { Judgement, StartPlan } from './start-plan.ts'

/** One running process tree. */
export interface Attempt {
  /** Absent where the program could not be started. */
  readonly pid: number | undefined
  readonly capture: Capture
  /** Resolves when all that holds its program is in place: no gate may be opened before. */
  readonly held: Promise<void>
  /** Lets a gated program run. */
  release(): void
  /** How it ended; by then its tree is settled. Never rejects. */
  readonly ended: Promise<Exit>
  /** Once it has ended: removes what held it to its limits, which is empty by then. What can not be removed is said. */
  tidy(): void
  kill(cause: Cause): void
  send(bytes: Uint8Array): Promise<void>
}

export type Cause = Extract<ExitReason, 'killed' | 'timeout' | 'output'> | Breach

/** How long the outputs are waited for after the first process ended: they close with the last process. */
const drainMs = 250

/** How often output that waits for room on the disk is tried again. */
const roomMs = 250

/** What an attempt is started with. */
export interface StartMeans {
  readonly plan: StartPlan
  readonly streams: StandardStreams
  /** There where its request has limits. */
  readonly bounds?: Bounds
}

/**
 * Starts a process tree. A program that can not be started is an attempt that ended `not-started`;
 * a host without capacity is `LIMIT_EXCEEDED`.
 */
export async function startAttempt(
  layout: Layout,
  launchId: string,
  request: LaunchRequest,
  { plan, streams, bounds }: StartMeans,
  capture: Capture,
  startedAt: number,
): Promise<Attempt> {
  const child = start(plan, streams)
  if (child instanceof Error || child.pid === undefined) {
    const error: unknown = child instanceof Error ? child : (await once(child, 'error'))[0]
    streams.finish()
    await bounds?.close()
    const capacity = capacityError(error)
    if (capacity !== undefined) throw capacity
    const code = systemCode(error) ?? 'UNKNOWN'
    return endedAttempt(capture, startedAt, whyNotStarted(code, plan, request))
  }

  const pid = child.pid
  const report = takeReport(plan.reports === true ? child.stdio[4 + plan.descriptors.length] : undefined)
  let cause: Cause | undefined
  let ended = false
  const kill = (why: Cause) => {
    if (!ended) {
      cause ??= why
      plan.kill(pid)
    } else if (capture.isHolding) {
      // It ended by itself, and its output is not waited for any longer.
      cause ??= 'disk'
    }
  }
  // Also where the program has ended by itself: what is missing may not go unsaid.
  const cutOff = (why: 'output' | 'disk') => {
    kill(why)
    cause ??= why
  }

  let waiting: Promise<void> | undefined
  /**
   * A disk without room is not the program's doing, so its output waits for room, as its end does;
   * the program waits too, once its pipe is full, until it is killed or its time is up.
   */
  const roomForOutput = () => (waiting ??= makeRoom().finally(() => (waiting = undefined)))
  const makeRoom = async () => {
    streams.pause()
    while (capture.isHolding && cause === undefined) {
      await sleep(roomMs)
      bounds?.sawOutput()
      if (capture.flush() === 'failed') cutOff('disk')
    }
    if (cause === undefined) streams.resume()
  }

  streams.read((stream, bytes) => {
    bounds?.sawOutput()
    if (cause === 'output' || cause === 'disk') return
    const result = capture.write(stream, bytes)
    if (result === 'kept') return
    if (result === 'held') {
      if (cause === undefined) void roomForOutput()
      return
    }
    cutOff(result === 'over' ? 'output' : 'disk')
  })

  const disarm =
    request.timeoutMs === undefined
      ? () => undefined
      : systemClock.at(startedAt + request.timeoutMs, () => kill('timeout'))

  const finish = async (): Promise<Exit> => {
    const [code, signal] = await exitOf(child)
    ended = true
    // In a sandbox they tell the end of the tree, which spares looking for it again and again.
    if (request.sandbox !== undefined) await Promise.race([streams.ended, sleep(drainMs)])
    await plan.settle(pid)
    // A process that got away from a plain attempt holds them.
    if (request.sandbox === undefined) await Promise.race([streams.ended, sleep(drainMs)])
    const endedAt = Date.now()
    streams.finish()
    // Whoever could write there is dead by now.
    await Promise.race([report.ended, sleep(drainMs)])
    const breach = await bounds?.atEnd()
    if (breach !== undefined) cause ??= breach
    await waiting
    while (capture.isHolding && cause === undefined) await roomForOutput()
    disarm()
    const { detail: known, ...judgement } = plan.judge(code, signal, report.bytes())
    const detail = judgement.reason === 'not-started' ? (known ?? takeDetail(layout, launchId, capture)) : undefined
    const outputBytes = capture.size('stdout') + capture.size('stderr')
    capture.close()
    return {
      ...withCause(judgement, cause),
      startedAt,
      endedAt,
      outputBytes,
      ...(detail !== undefined && { detail }),
    }
  }

  const first = () => (request.sandbox === undefined ? undefined : readStatus(statusPath(layout, launchId)).childPid)
  const hold = async (holding: NonNullable<Bounds['hold']>) => {
    for (let child = first(); !ended; child = first()) {
      if (child !== undefined) return holding(child)
      await sleep(1)
    }
  }
  bounds?.watch(pid, first, kill)

  const gate = plan.gated ? child.stdio[3 + plan.descriptors.length] : undefined
  gate?.on('error', () => undefined)
  return {
    pid,
    capture,
    held: bounds?.hold === undefined ? Promise.resolve() : hold(bounds.hold),
    ended: finish(),
    tidy: () => void bounds?.close(),
    release: () => void gate?.destroy(),
    kill,
    send: (bytes) => streams.send(bytes),
  }
}

/** An attempt that came to its end before there was a process, because of an error of this host. */
export function failedAttempt(capture: Capture, startedAt: number, error: unknown): Attempt {
  const code = systemCode(error)
  const message = error instanceof Error ? error.message : String(error)
  return endedAttempt(capture, startedAt, code === undefined ? message : `${code}: nothing could be started`)
}

function endedAttempt(capture: Capture, startedAt: number, detail: string): Attempt {
  capture.close()
  const exit: Exit = { reason: 'not-started', startedAt, endedAt: Date.now(), outputBytes: 0, detail }
  return {
    pid: undefined,
    capture,
    held: Promise.resolve(),
    ended: Promise.resolve(exit),
    tidy: () => undefined,
    release: () => undefined,
    kill: () => undefined,
    send: () => Promise.reject(noInput()),
  }
}

function start(plan: StartPlan, streams: StandardStreams): ChildProcess | Error {
  const pipes = [plan.gated, plan.reports].flatMap((wanted) => (wanted === true ? ['pipe' as const] : []))
  const stdio = [...streams.stdio, ...plan.descriptors, ...pipes]
  try {
    const { env, cwd, uid, gid } = plan
    return spawn(plan.file, plan.args, {
      env,
      cwd,
      stdio,
      detached: true,
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    })
  } catch (error) {
    // Node throws some failures of the system call, such as E2BIG, and emits others.
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    for (const fd of plan.descriptors) closeSync(fd)
  }
}

/** What a first process says of itself, as far as it is there. */
function takeReport(from: Readable | Writable | null | undefined): { bytes(): Buffer; ended: Promise<unknown> } {
  if (!(from instanceof Socket)) return { bytes: () => Buffer.alloc(0), ended: Promise.resolve() }
  let bytes = Buffer.alloc(0)
  from.on('data', (more: Buffer) => (bytes = Buffer.concat([bytes, more]).subarray(0, FIRST_REPORT_BYTES)))
  // What is missing of it is missed by whoever judges it.
  from.on('error', () => undefined)
  return { bytes: () => bytes, ended: new Promise((resolve) => from.once('close', resolve)) }
}

function exitOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])))
}

/** What may not go unsaid, however the program ended. */
const NAMED_ANYWAY: readonly Cause[] = ['output', 'disk', 'memory', 'pids']

/** An end that we brought about has our reason, unless the program had ended by itself before. */
function withCause(judgement: Judgement, cause: Cause | undefined): Omit<Judgement, 'reason'> & { reason: ExitReason } {
  if (cause === undefined) return judgement
  if (NAMED_ANYWAY.includes(cause) || judgement.signal === 'SIGKILL' || judgement.reason === 'not-started')
    return { ...judgement, reason: cause }
  return judgement
}

/** Where the sandbox was not built, what was captured is bubblewrap's own complaint. */
function takeDetail(layout: Layout, launchId: string, capture: Capture): string {
  const text = capture.size('stderr') > 0 ? readFileSync(outputPath(layout, launchId, 'stderr'), 'utf8') : ''
  capture.discard()
  const said =
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^bwrap: /, '') ?? ''
  const named = /No such file or directory/.test(said) ? `ENOENT: ${said}` : said
  return named === '' ? 'The sandbox could not be built.' : named.slice(0, 1000)
}

function whyNotStarted(code: string, plan: StartPlan, request: LaunchRequest): string {
  // The system call does not tell a missing folder from a missing program.
  if (code === 'ENOENT' && statSync(plan.cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    return `ENOENT: no such folder: ${request.cwd}`
  if (code === 'ENOENT') return `ENOENT: no such program: ${plan.file}`
  return `${code}: ${plan.file} can not be started`
}
