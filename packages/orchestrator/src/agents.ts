import type { AnyRecord, RecordData, RecordDraft } from '@seamark/core'
import { NAME, SeamError } from '@seamark/kit'
import type { Command, Decision } from './commands.ts'
import { by, refuse } from './decide-resume.ts'
import type { AgentVersion } from './state-agents.ts'
import type { State } from './state.ts'

/** Versions that a namespace keeps in mind, removed ones too. */
export const MOST_AGENTS = 10_000

type AgentRecord = Extract<AnyRecord, { readonly kind: 'agent.pushed' | 'agent.removed' }>

/** The name of a version in the state, and in plans. */
export function agentKey({ name, version }: Pick<AgentVersion, 'name' | 'version'>): string {
  return `${name}@${version}`
}

export function isAgent(record: AnyRecord): record is AgentRecord {
  return record.kind === 'agent.pushed' || record.kind === 'agent.removed'
}

export function foldAgent(state: State, { kind, data, at, actor }: AgentRecord): void {
  const key = agentKey(data)
  if (kind === 'agent.pushed') state.agents.set(key, { ...data, pushedBy: actor, pushedAt: at })
  else {
    const known = state.agents.get(key)
    if (known !== undefined) state.agents.set(key, { ...known, removedAt: at })
  }
}

/** All versions, by name, the newest of each last. */
export function agentsOf(state: State): readonly AgentVersion[] {
  return [...state.agents.values()].toSorted((a, b) =>
    a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1,
  )
}

/** Errors: `INVALID_INPUT` for what fits no record. */
export function checkAgent({ name, version, digest, files, size }: RecordData['agent.pushed']): void {
  const counts = [version, files, size].every((value) => Number.isSafeInteger(value) && value >= 0)
  if (NAME.test(name) && version > 0 && counts && /^[0-9a-f]{64}$/.test(digest)) return
  throw new SeamError('INVALID_INPUT', 'This is no version of an agent.', {
    remedy: 'Give a name, a version from 1, the digest of its manifest, and how many files of how many bytes it has.',
  })
}

/** A version has one content for ever: also what was removed comes back only as it was. */
export function decidePush(state: State, { principal, agent }: Command & { type: 'push-agent' }): Decision {
  const key = agentKey(agent)
  const known = state.agents.get(key)
  if (known !== undefined && known.digest !== agent.digest)
    return {
      drafts: [],
      reply: refuse('CONFLICT', `Agent ${key} was pushed with other content.`, 'Raise `version` in agent.yaml.'),
    }
  if (known !== undefined && known.removedAt === undefined) return { drafts: [], reply: { ok: true, created: false } }
  if (known === undefined && state.agents.size >= MOST_AGENTS)
    return {
      drafts: [],
      reply: refuse('LIMIT_EXCEEDED', `A namespace keeps at most ${MOST_AGENTS} versions.`, 'Use another namespace.'),
    }
  const { name, version, digest, files, size } = agent
  const pushed: RecordDraft = { kind: 'agent.pushed', ...by(principal), data: { name, version, digest, files, size } }
  return { drafts: [pushed], reply: { ok: true, created: true } }
}

export function decideRemove(state: State, command: Command & { type: 'remove-agent' }): Decision {
  const { principal, name, version } = command
  const key = agentKey(command)
  const known = state.agents.get(key)
  if (known === undefined)
    return { drafts: [], reply: refuse('NOT_FOUND', `There is no agent ${key}.`, 'See `seamark agent list`.') }
  if (known.removedAt !== undefined) return { drafts: [], reply: { ok: true, effective: false } }
  const data = { name, version, digest: known.digest }
  return {
    drafts: [{ kind: 'agent.removed', ...by(principal), data }],
    reply: { ok: true, effective: true },
  }
}
