import type { Caller } from './access.ts'
import type { Input } from './input.ts'
import type { KmsStore } from './store.ts'

/** One operation of the API: an answer that becomes JSON, or an error of the service. */
export type Operation = (store: KmsStore, input: Input, caller: Caller) => Readonly<Record<string, unknown>>

/** One page of a list, with the marker of the next. */
export function page<T>(all: readonly T[], input: Input, fallback: number, max: number) {
  const limit = input.integer('Limit', fallback, 1, max)
  const from = Number(Buffer.from(input.optionalText('Marker') ?? '', 'base64url').toString() || 0)
  const rest = all.length > from + limit
  return {
    items: all.slice(from, from + limit),
    more: {
      Truncated: rest,
      ...(rest && { NextMarker: Buffer.from(String(from + limit)).toString('base64url') }),
    },
  }
}
