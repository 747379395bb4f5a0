import type { LeftProcesses, RefusedWrites } from '@seamark/core'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { Judgement } from './start-plan.ts'

/** What a sandbox's first process says at most: a few words and numbers, names of five processes and eight paths. */
export const FIRST_REPORT_BYTES: number = 8 * 1024

/** Names of left processes that are kept, and characters of each. */
const mostNames = 5
const mostName = 64
const mostPaths = 8
/** Bytes of a path that is told, with the zero byte at its end; a longer one is cut. */
const pathBytes = 400

/** What a first process told, word by word. */
interface FirstReport {
  readonly failed?: number
  readonly exited?: number
  readonly signaled?: number
  readonly left?: LeftProcesses
  /** Paths, as often as they were told. */
  readonly refused: readonly string[]
  readonly refusals?: number
}

/**
 * What an end means of which a sandbox's first process told; `undefined` where it came to its own end before. `program` is
 * what it was to start. Pure.
 */
export function judgeFirst(said: Uint8Array, program: string): Judgement | undefined {
  const { failed, exited, signaled, left } = reportFrom(said)
  if (failed !== undefined) return { reason: 'not-started', detail: whyFailed(failed, program) }
  const told = left === undefined ? {} : { left }
  if (exited !== undefined) return { reason: 'exited', code: exited, ...told }
  const signal = signaled === undefined ? undefined : signalName(signaled)
  return signal === undefined ? undefined : { reason: 'signaled', signal, ...told }
}

/** What a first process told of refused writes, also where it was killed before its end. Pure. */
export function refusedWritesFrom(said: Uint8Array): RefusedWrites | undefined {
  const { refused, refusals = 0 } = reportFrom(said)
  const count = Math.max(refusals, refused.length)
  return count === 0 ? undefined : { count, paths: [...new Set(refused)].slice(0, mostPaths) }
}

/** Facts of a kind and a number, or of a kind and a path, each word with a zero byte at its end; what follows the last number are names. */
function reportFrom(said: Uint8Array): FirstReport {
  // A name may be cut in the middle of a character, and need not be text at all.
  const words = Buffer.from(said).toString('utf8').split('\0').slice(0, -1)
  const refused: string[] = []
  const report: { -readonly [K in keyof FirstReport]: FirstReport[K] } = { refused }
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [kind, number = ''] = words.slice(at)
    if (kind === 'refused') {
      refused.push(pathFrom(number))
      continue
    }
    if (!/^\d{1,9}$/.test(number)) return report
    if (kind === 'left') {
      const names = words.slice(at + 2).map(nameFrom)
      return { ...report, left: { processes: Number(number), names: [...new Set(names)].slice(0, mostNames) } }
    }
    if (kind !== 'failed' && kind !== 'exited' && kind !== 'signaled' && kind !== 'refusals') return report
    report[kind] = Number(number)
  }
  return report
}

/** What a program calls itself, without what can not be seen or turns text around. */
function nameFrom(name: string): string {
  return visible(name).trim().slice(0, mostName).toWellFormed() || 'unnamed'
}

function pathFrom(path: string): string {
  return visible(path) + (Buffer.byteLength(path) >= pathBytes - 1 ? '…' : '')
}

function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
}

function whyFailed(errno: number, program: string): string {
  const code = errno === 0 ? 'UNKNOWN' : getSystemErrorName(-errno)
  if (code === 'ENOENT' || code === 'ENOTDIR') return `ENOENT: no such program: ${program}`.slice(0, 1000)
  return `${code}: ${program} can not be started`.slice(0, 1000)
}

/** Signals by number; the names that have two (such as SIGIOT) keep their usual one. */
const signals = new Map<number, string>(
  Object.entries(constants.signals)
    .filter(([name]) => !['SIGIOT', 'SIGPOLL', 'SIGUNUSED'].includes(name))
    .map(([name, number]) => [number, name]),
)

/** The name of a signal; `undefined` for a number that has none. */
export function signalName(number: number): string | undefined {
  return signals.get(number)
}
