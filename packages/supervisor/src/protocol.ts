import type { OutputStream, Problem } from '@seamark/core'
import { ERROR_CODES, SeamError, toSeamError } from '@seamark/kit'
import { fields, number, numberOrNone, text, textOrNone, word, type Fields } from './fields.ts'
import { launchRequestFrom, type LaunchRequest } from './launch-request.ts'
import type { Way } from './ways.ts'

/**
 * The version of what is spoken over the socket. Frames are lines of JSON. The client's first one is
 * `hello`. Each request has a number `n`; its answers carry it: any number of `item`, then `value` or `error`.
 */
export const PROTOCOL = 2

/** The longest line: arguments and environment of one launch are at most about 2 MiB each (execve(2)). */
export const MAX_LINE_BYTES: number = 16 * 1024 * 1024

export type Request =
  | { readonly op: 'hello'; readonly protocol: number; readonly executor: string }
  | { readonly op: 'launch'; readonly launchId: string; readonly launch: LaunchRequest }
  | { readonly op: 'attach' | 'kill' | 'reap'; readonly launchId: string }
  | { readonly op: 'send'; readonly launchId: string; readonly base64: string }
  | { readonly op: 'progress'; readonly launchId: string; readonly stream: OutputStream; readonly beyond: number }
  | { readonly op: 'list' | 'leftovers' }
  | { readonly op: 'follow'; readonly cursor?: string }
  | { readonly op: 'cancel'; readonly request: number }

/** What the answer to `hello` holds. */
export interface Hello {
  readonly protocol: number
  readonly pid: number
  /** The user of sandboxes, where it is not the supervisor's own. */
  readonly sandboxUid?: number
  /** Host folders that the sandbox's user reaches by another path. */
  readonly ways: readonly Way[]
}

export type Answer =
  | { readonly n: number; readonly item: unknown }
  | { readonly n: number; readonly value: unknown }
  | { readonly n: number; readonly error: WireError }

export interface WireError {
  readonly problem: Problem
  readonly retryAfterMs?: number
}

const plainOps = [
  'hello',
  'launch',
  'attach',
  'kill',
  'reap',
  'send',
  'progress',
  'list',
  'leftovers',
  'follow',
  'cancel',
] as const

export function requestFrom(from: Fields): Request {
  const op = word(from, 'op', plainOps)
  if (op === 'hello') return { op, protocol: number(from, 'protocol'), executor: text(from, 'executor') }
  if (op === 'list' || op === 'leftovers') return { op }
  if (op === 'cancel') return { op, request: number(from, 'request') }
  if (op === 'follow') {
    const cursor = textOrNone(from, 'cursor')
    return { op, ...(cursor !== undefined && { cursor }) }
  }
  const launchId = text(from, 'launchId')
  if (op === 'launch') return { op, launchId, launch: launchRequestFrom(from['launch']) }
  if (op === 'send') return { op, launchId, base64: text(from, 'base64') }
  if (op === 'progress')
    return { op, launchId, stream: word(from, 'stream', ['stdout', 'stderr']), beyond: number(from, 'beyond') }
  return { op, launchId }
}

export function helloFrom(value: unknown): Hello {
  const from = fields(value, 'hello')
  const sandboxUid = numberOrNone(from, 'sandboxUid')
  const ways = Array.isArray(from['ways']) ? from['ways'].map((way: unknown) => fields(way, 'way')) : []
  return {
    protocol: number(from, 'protocol'),
    pid: number(from, 'pid'),
    ...(sandboxUid !== undefined && { sandboxUid }),
    ways: ways.map((way) => ({ from: text(way, 'from'), to: text(way, 'to') })),
  }
}

export function toWire(error: unknown): WireError {
  const { problems, code, message, retryAfterMs } = toSeamError(error)
  return { problem: problems[0] ?? { code, message }, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

export function fromWire(value: unknown): SeamError {
  const problem = fields(fields(value, 'error')['problem'], 'problem')
  const remedy = textOrNone(problem, 'remedy')
  return new SeamError(word(problem, 'code', ERROR_CODES), text(problem, 'message'), {
    ...(remedy !== undefined && { remedy }),
  })
}
