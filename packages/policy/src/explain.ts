import type { EffectivePolicy, EgressRule, LaunchLimits, Policy, PolicySource } from '@seamark/core'

/** What a policy that is explained holds for. */
export interface ExplainOptions {
  /** A set-up has no files to say anything of, and its lowest level is the plan. Default: `attempt`. */
  readonly of?: 'attempt' | 'set-up'
  /** What holds where the policy has no such limit, and the name of the executor that holds it. Default: nothing. */
  readonly otherwise?: { readonly executor: string; readonly limits: LaunchLimits }
}

function sources(from: readonly PolicySource[], of: ExplainOptions['of']): string {
  const name = (level: string) => (of === 'set-up' && level === 'item' ? 'plan' : level)
  return from.length === 0 ? 'default' : from.map(({ level, pointer }) => `${name(level)} ${pointer}`).join(', ')
}

function ruleText({ host, port, mode, methods, paths, inject, meter }: EgressRule): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port ?? 443}`
  return [
    mode,
    address,
    ...(mode === 'tunnel' ? ['unseen'] : [methods?.join(' ') ?? 'any method', paths?.join(' ') ?? 'any path']),
    ...(inject === undefined ? [] : [`adds secret ${inject}`]),
    ...(meter === undefined ? [] : [`metered by ${meter}`]),
  ].join(', ')
}

const units: readonly (readonly [string, number])[] = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
]

function size(bytes: number): string {
  const [unit, of] = units.find(([, factor]) => bytes % factor === 0) ?? ['bytes', 1]
  return `${bytes / of} ${unit}`
}

function time(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`
}

/**
 * An effective policy in lines for a person: what an attempt may use and which level said so, then what levels asked for and
 * did not get. Entries are set off by two spaces. No line holds a control or other hidden character.
 */
export function explainPolicy(
  { policy, digest, parts, problems }: EffectivePolicy,
  { of = 'attempt', otherwise }: ExplainOptions = {},
): readonly string[] {
  const { filesystem, network, limits, tools } = policy
  const from = new Map(parts.map((part) => [part.pointer, part.from]))
  const told = (at: string, text: string) => `  ${text}  (${sources(from.get(at) ?? [], of)})`
  const list = (at: string, entries: readonly string[] | undefined, none: string) =>
    entries === undefined || entries.length === 0
      ? [told(at, none)]
      : entries.map((entry, index) => told(`${at}/${index}`, entry))
  const limit = (field: string, name: string, text: string | undefined) =>
    text === undefined
      ? []
      : Object.hasOwn(limits ?? {}, field)
        ? [told(`/limits/${field}`, `${name} ${text}`)]
        : [`  ${name} ${text}  (executor ${otherwise?.executor})`]
  const all: NonNullable<Policy['limits']> = { ...otherwise?.limits, ...limits }
  const { cpu, memoryBytes, pids, diskBytes, wallClockMs, idleMs } = all
  const set = [
    ...limit('cpu', 'cpu', cpu?.toString()),
    ...limit('memoryBytes', 'memory', memoryBytes === undefined ? undefined : size(memoryBytes)),
    ...limit('pids', 'pids', pids?.toString()),
    ...limit('diskBytes', 'disk', diskBytes === undefined ? undefined : size(diskBytes)),
    ...limit('wallClockMs', 'wall clock', wallClockMs === undefined ? undefined : time(wallClockMs)),
    ...limit('idleMs', 'idle', idleMs === undefined ? undefined : time(idleMs)),
  ]
  const files = [
    'reads',
    ...list('/filesystem/read', filesystem?.read, 'nothing'),
    'writes',
    ...list('/filesystem/write', filesystem?.write, 'nothing'),
    'does not see',
    ...list('/filesystem/hide', filesystem?.hide, 'nothing is hidden'),
  ]
  return [
    `policy ${digest}`,
    ...(of === 'attempt' ? files : []),
    'network',
    ...list('/network/allow', network?.allow.map(ruleText), 'nothing'),
    'limits',
    ...(set.length === 0 ? ['  none  (default)'] : set),
    'commands',
    ...list('/tools/shell', tools?.shell, tools?.shell === undefined ? 'any' : 'none'),
    'commands denied',
    ...list('/tools/deny', tools?.deny, 'none'),
    ...(problems.length === 0 ? [] : ['not given']),
    ...problems.map(({ level, place, message, remedy = '' }) =>
      `  ${level} ${place?.pointer ?? ''}: ${message} ${remedy}`.trimEnd(),
    ),
  ]
}
