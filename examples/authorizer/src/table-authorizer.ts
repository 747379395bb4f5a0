import type { Action, AuthorizationDecision, Authorizer } from '@seamark/core'
import { throwIfAborted } from '@seamark/kit'

export interface TableAuthorizerOptions {
  /** What each principal may do, by its whole id; `*` is everything. Whoever is not in it may do nothing. */
  readonly table: Readonly<Record<string, readonly (Action | '*')[]>>
  /** Name of this instance. Default `table`. */
  readonly name?: string
}

/** Allows what a table says, and the engine everything. */
export function tableAuthorizer({ table, name = 'table' }: TableAuthorizerOptions): Authorizer {
  // A map: the ids of others are hostile, and an object would answer for `__proto__`.
  const rules = new Map(Object.entries(table))
  const decide = (id: string, action: Action): AuthorizationDecision => {
    if (id === 'engine') return { allowed: true, policy: name, reasons: ['It is the engine.'] }
    const allowed = rules.get(id)?.some((one) => one === '*' || one === action) === true
    return { allowed, policy: name, reasons: [allowed ? `The table has ${action}.` : `The table has no ${action}.`] }
  }
  return {
    spec: 'authorizer/v1',
    kind: 'table',
    name,
    guarantees: {},
    async authorize({ principal, action }, { signal } = {}) {
      throwIfAborted(signal)
      return decide(principal.id, action)
    },
  }
}
