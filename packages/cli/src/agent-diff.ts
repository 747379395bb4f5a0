import { isDeepStrictEqual } from 'node:util'
import type { AgentDefinition, AgentFile } from '@seamark/core'

/** What two agents are compared by. */
export interface Compared {
  readonly definition: AgentDefinition
  readonly files: readonly AgentFile[]
}

export interface AgentDifference {
  /** Fields of `agent.yaml` that differ; `from` or `to` is absent where one says nothing. */
  readonly definition: readonly { readonly field: string; readonly from?: unknown; readonly to?: unknown }[]
  /** Files that differ, by their SHA-256; `from` or `to` is absent where one has no such file. */
  readonly files: readonly { readonly path: string; readonly from?: string; readonly to?: string }[]
}

/** What makes one agent another; empty lists where nothing does. */
export function agentDifference(from: Compared, to: Compared): AgentDifference {
  const before = new Map<string, unknown>(Object.entries(from.definition))
  const after = new Map<string, unknown>(Object.entries(to.definition))
  const filesBefore = new Map(from.files.map(({ path, sha256 }) => [path, sha256]))
  const filesAfter = new Map(to.files.map(({ path, sha256 }) => [path, sha256]))
  return {
    definition: changed(before, after).map(([field, sides]) => ({ field, ...sides })),
    files: changed(filesBefore, filesAfter).map(([path, sides]) => ({ path, ...sides })),
  }
}

function changed<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): readonly (readonly [string, { readonly from?: T; readonly to?: T }])[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  return keys.flatMap((key) => {
    const [from, to] = [before.get(key), after.get(key)]
    if (isDeepStrictEqual(from, to)) return []
    return [[key, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }] as const]
  })
}
