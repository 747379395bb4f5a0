import type { Exit, ExitReason, LaunchState } from '@seamark/core'
import type { Judgement } from '@seamark/supervisor'
import { constants } from 'node:os'
import type { Count } from './demultiplex.ts'
import { LABEL } from './names.ts'
import type { ContainerFacts } from './port.ts'

/** Why this executor stopped an attempt. */
export type StopReason = 'killed' | 'timeout' | 'output' | 'idle' | 'pids' | 'disk'

const STOP_REASONS: readonly StopReason[] = ['killed', 'timeout', 'output', 'idle', 'pids', 'disk']

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
}

/** How long after its limit an attempt may end by itself and still count as within it: a timer is never exact. */
export const TIMER_MS = 1000

type WatchedLimit = 'timeoutMs' | 'maxOutputBytes' | 'idleMs' | 'pids' | 'diskBytes'

/** A limit of a launch, from its labels. */
export function limitOf(facts: ContainerFacts, label: WatchedLimit): number | undefined {
  const text = facts.labels[LABEL[label]] ?? ''
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

export function stopReasonOf(labels: Readonly<Record<string, string>> | undefined): StopReason | undefined {
  return STOP_REASONS.find((reason) => reason === labels?.[LABEL.stop])
}

/** What a container is before anything is read of its output. */
export type Phase = 'absent' | 'waiting' | 'not-started' | 'running' | 'ended' | 'lost'

/** `waiting`: created and not started yet, or left so. Pure. */
export function phaseOf(facts: ContainerFacts | undefined): Phase {
  if (facts === undefined || facts.status === 'removing') return 'absent'
  if ((facts.labels[LABEL.notStarted] ?? '') !== '') return 'not-started'
  if (facts.status === 'created') return facts.error !== '' && facts.exitCode !== 0 ? 'not-started' : 'waiting'
  if (facts.status === 'exited') return facts.startedAt === 0 ? 'not-started' : 'ended'
  return facts.status === 'dead' ? 'lost' : 'running'
}

/**
 * The state of a launch whose container is in this phase. What the keeper said and counts matter for `ended` alone. Pure.
 */
export function stateOf(
  facts: ContainerFacts | undefined,
  stop: StopReason | undefined,
  count: Count,
  said?: Judgement,
): LaunchState {
  const phase = phaseOf(facts)
  if (facts === undefined || phase === 'absent' || phase === 'waiting') return { state: 'unknown' }
  if (phase === 'lost') return { state: 'lost' }
  if (phase === 'running') return { state: 'running', startedAt: facts.startedAt }
  if (phase === 'not-started') {
    const at = { startedAt: facts.createdAt, endedAt: facts.createdAt, outputBytes: 0 }
    return { state: 'exited', exit: { reason: 'not-started', ...at, detail: detailOf(facts) } }
  }
  return { state: 'exited', exit: exitOf(facts, stop, count, said) }
}

function exitOf(facts: ContainerFacts, stop: StopReason | undefined, count: Count, said?: Judgement): Exit {
  const { exitCode, startedAt } = facts
  const endedAt = Math.max(facts.endedAt, startedAt)
  const signal = signalOf(exitCode, said)
  const killed = signal === 'SIGKILL'
  const timeoutMs = limitOf(facts, 'timeoutMs')
  const reason = (): ExitReason => {
    if (killed && stop !== undefined) return stop
    // The keeper's doing, while no service was there.
    if (killed && timeoutMs !== undefined && endedAt - startedAt >= timeoutMs) return 'timeout'
    if (facts.oomKilled && exitCode !== 0) return 'memory'
    if (count.over) return 'output'
    // It ended by itself while nobody was there to end it.
    if (timeoutMs !== undefined && endedAt - startedAt > timeoutMs + TIMER_MS) return 'timeout'
    if (isInterrupted(facts, said)) return 'interrupted'
    return signal === undefined ? 'exited' : 'signaled'
  }
  const why = reason()
  return {
    ...(signal === undefined ? { code: exitCode } : { signal }),
    reason: why,
    ...(why === 'interrupted' && { detail: INTERRUPTED }),
    startedAt,
    endedAt,
    outputBytes: count.stdout + count.stderr,
    ...ranIn(facts),
    ...(said?.left !== undefined && { left: said.left }),
    ...(said?.refusedWrites !== undefined && { refusedWrites: said.refusedWrites }),
  }
}

const INTERRUPTED = 'The container engine stopped, or was told to end the container.'
/** What the engine tells of a container of which it does not know how it ended, as after a crash of the machine. */
const UNKNOWN_CODE = 255

/**
 * A keeper that tells how its program ended can not be killed from inside. Where it told nothing, and nobody here ended it, the
 * engine did, or somebody through it. Pure.
 */
function isInterrupted({ exitCode, labels }: ContainerFacts, said: Judgement | undefined): boolean {
  const tells = (labels[LABEL.watchword] ?? '') !== ''
  return tells && said === undefined && (exitCode === 128 + constants.signals.SIGKILL || exitCode === UNKNOWN_CODE)
}

/** The engine tells an end by signal n as 128 + n. The keeper tells which it was, unless it was killed after that. */
function signalOf(exitCode: number, said?: Judgement): string | undefined {
  if (said?.code === exitCode) return undefined
  const told = Object.entries(constants.signals).find(([name]) => name === said?.signal)
  if (said?.signal !== undefined && told !== undefined && told[1] + 128 === exitCode) return said.signal
  return exitCode > 128 ? SIGNALS[exitCode - 128] : undefined
}

/** Every container is made from the image's id, which its label says. Pure. */
function ranIn({ labels }: ContainerFacts): { readonly image?: string } {
  const image = labels[LABEL.image] ?? ''
  return /^sha256:[a-f0-9]{64}$/.test(image) ? { image } : {}
}

function detailOf(facts: ContainerFacts): string {
  const label = facts.labels[LABEL.notStarted] ?? ''
  return label === '' ? startFailure(facts.error) : label
}

/** What the engine said when it could not start a container, short and with the system's name for it where there is one. */
export function startFailure(said: string): string {
  const names = [
    [/no such file or directory|executable file not found|not found in \$PATH/i, 'ENOENT'],
    [/permission denied/i, 'EACCES'],
    [/exec format error/i, 'ENOEXEC'],
    [/not a directory/i, 'ENOTDIR'],
  ] as const
  const name = names.find(([pattern]) => pattern.test(said))?.[1]
  const text = said.replace(/\s+/g, ' ').slice(0, 300)
  return name === undefined ? text : `${name}: ${text}`
}
