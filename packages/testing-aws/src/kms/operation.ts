import type { Input } from './input.ts'
import type { KmsStore } from './store.ts'

/** Who makes a call. */
export interface Caller {
  readonly principal: string
  /** Whether no policy lets this principal do anything: only grants do. */
  readonly onlyGrants: boolean
}

/** One operation of the API: an answer that becomes JSON, or an error of the service. */
export type Operation = (store: KmsStore, input: Input, caller: Caller) => Readonly<Record<string, unknown>>

/** One page of a list, with the marker of the next. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly more: { readonly Truncated: boolean; readonly NextMarker?: string }
}

/** The page that a request asks for, of `fallback` entries where it does not say. */
export function page<T>(all: readonly T[], input: Input, fallback: number, max: number): Page<T> {
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
