import type { JsonObject, LeftProcesses } from '@seamark/core'
import { reasonWords } from '@seamark/kit'
import { harmless } from '../style.ts'

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
  const names = Array.isArray(left['names']) ? left['names'].filter((name) => typeof name === 'string') : []
  return typeof processes === 'number' && processes > 0 ? leftText({ processes, names }) : undefined
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
