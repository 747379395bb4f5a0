import type { AgentInstruction } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import type { Shared } from './given.ts'
import { isObject } from './json.ts'

/** As many as the record of a launch has room for beside the instructions. */
const MAX_SKILLS = 32

/**
 * Digests of what the options of a runtime tell every agent: `instructions`, each skill as `skills/NAME/SKILL.md`, and of all MCP servers
 * together `mcpServers`: their JSON, with the members of each object in order, of `env` and `headers` the names alone, of `args` how
 * many there are, and of `url` neither user nor query. Errors: `INVALID_INPUT` for more than 32 skills.
 */
export function toldByOptions({
  instructions,
  skills = {},
  mcpServers = {},
}: Pick<Shared<object>, 'instructions' | 'skills' | 'mcpServers'>): readonly AgentInstruction[] {
  const texts = Object.entries(skills).toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (texts.length > MAX_SKILLS)
    throw new SeamError('INVALID_INPUT', `There are ${texts.length} skills.`, {
      remedy: `Give a runtime at most ${MAX_SKILLS}, and agents the others in their folders.`,
      place: { pointer: '/skills' },
    })
  return [
    ...(instructions === undefined ? [] : [{ path: 'instructions', sha256: sha256Hex(instructions) }]),
    ...texts.map(([name, text]) => ({ path: `skills/${name}/SKILL.md`, sha256: sha256Hex(text) })),
    ...(Object.keys(mcpServers).length === 0
      ? []
      : [{ path: 'mcpServers', sha256: sha256Hex(JSON.stringify(inOrder(withoutValues(mcpServers)))) }]),
  ]
}

/** Values of variables, headers, arguments and addresses may be secrets: a digest of a short one would give it away. */
function withoutValues(servers: Readonly<Record<string, object>>): Readonly<Record<string, unknown>> {
  const named = ([key, value]: readonly [string, unknown]) => [key, SHOWN.get(key)?.(value) ?? value]
  const shown = (server: object): unknown => Object.fromEntries(Object.entries(server).map(named))
  return Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, shown(server)]))
}

const SHOWN: ReadonlyMap<string, (value: unknown) => unknown> = new Map<string, (value: unknown) => unknown>([
  ['env', namesOf],
  ['headers', namesOf],
  ['args', (value) => (Array.isArray(value) ? value.length : 0)],
  ['url', addressOf],
])

/** Where an address leads; of what is none, nothing. */
function addressOf(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  return url === null ? '' : `${url.protocol}//${url.host}${url.pathname}`
}

/** Of `{ NAME: value }`, and of the list of `{ name, value }` that the Agent Client Protocol has. */
function namesOf(value: unknown): readonly string[] {
  const names = Array.isArray(value)
    ? value.map((one: unknown) => (isObject(one) && typeof one['name'] === 'string' ? one['name'] : ''))
    : Object.keys(isObject(value) ? value : {})
  return names.toSorted((a, b) => (a < b ? -1 : 1))
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (!isObject(value)) return value
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]))
}
