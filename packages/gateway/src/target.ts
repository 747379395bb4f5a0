import { canonicalPath } from '@seamark/policy'

/** A request's target in two parts. */
export interface Target {
  /** In one spelling where all servers read it alike, otherwise as it came. */
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
}

// RFC 3986: what a path and a query may hold, and of a query what browsers and clients leave as it is.
const allowed = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/
const allowedQuery = /^(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?|^`{}[\]"<>\\-]|%[0-9A-Fa-f]{2})*)?$/

/** Reads an origin-form target. `undefined` where it is none. */
export function targetFrom(text: string): Target | undefined {
  const mark = text.indexOf('?')
  const [raw, query] = mark < 0 ? [text, ''] : [text.slice(0, mark), text.slice(mark)]
  if (!allowed.test(raw) || !allowedQuery.test(query)) return undefined
  const path = canonicalPath(raw)
  return { path: path.ok ? path.value : raw, query }
}
