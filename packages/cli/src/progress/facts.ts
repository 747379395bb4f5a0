import type { JsonObject, LeftProcesses, RefusedRequests, RefusedWrites } from '@seamark/core'
import { reasonWords } from '@seamark/kit'
import { harmless } from '../style.ts'
import { counted } from '../words.ts'

/** A text in a record's data; a newer service may send others than this version knows. */
export function fact(data: JsonObject, name: string): string | undefined {
  const value = data[name]
  return typeof value === 'string' ? value : undefined
}

/** Why an attempt or a set-up ended badly, as `reasonWords` says it. */
export function badEnd(data: JsonObject): string | undefined {
  const reason = fact(data, 'reason')
  return reason === undefined ? undefined : reasonWords(reason, fact(data, 'detail'))
}

/** What a program left running, from its end: `left 2 processes running, which were ended: sleep, node`. */
export function leftBy(data: JsonObject): string | undefined {
  const left = inner(inner(data, 'exit'), 'left')
  const processes = left['processes']
  return typeof processes === 'number' && processes > 0
    ? leftText({ processes, names: texts(left['names']) })
    : undefined
}

/** What a program tried to write and may not, from its end: `was refused 3 writes: /workspace/a, /workspace/b`. */
export function refusedWritesBy(data: JsonObject): string | undefined {
  const refused = inner(inner(data, 'exit'), 'refusedWrites')
  const { count } = refused
  return typeof count === 'number' && count > 0
    ? refusedWritesText({ count, paths: texts(refused['paths']) })
    : undefined
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function inner(data: JsonObject, name: string): JsonObject {
  const value = data[name]
  return typeof value === 'object' && value !== null && !isList(value) ? value : {}
}

function isList(value: JsonObject | readonly unknown[]): value is readonly unknown[] {
  return Array.isArray(value)
}

/** The same of an item. */
export function leftText({ processes, names }: LeftProcesses): string {
  const which = names.length === 0 ? '' : `: ${names.map(harmless).join(', ')}${processes > names.length ? ' …' : ''}`
  return `left ${processes === 1 ? '1 process running, which was' : `${processes} processes running, which were`} ended${which}`
}

/** The same of an item. */
export function refusedWritesText({ count, paths }: RefusedWrites): string {
  const which = paths.length === 0 ? '' : `: ${paths.map(harmless).join(', ')}${count > paths.length ? ' …' : ''}`
  return `was refused ${count === 1 ? '1 write' : `${count} writes`}${which}`
}

/** With one more decision of a way out, where it refused something. */
export function withRefused(
  before: RefusedRequests | undefined,
  { outcome, reason, count }: JsonObject,
): RefusedRequests | undefined {
  if (outcome !== 'refused' || typeof reason !== 'string' || typeof count !== 'number') return before
  const { count: sum, reasons } = before ?? { count: 0, reasons: [] }
  return { count: sum + count, reasons: reasons.includes(reason) ? reasons : [...reasons, reason] }
}

/** What the way out of an item refused: `was refused 3 requests: path, method`. */
export function refusedRequestsText({ count, reasons }: RefusedRequests): string {
  return `was refused ${counted(count, 'request')}: ${reasons.map(harmless).join(', ')}`
}
