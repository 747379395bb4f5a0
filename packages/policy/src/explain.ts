import type { EffectivePolicy, EgressRule, LaunchLimits, Policy, PolicySource } from '@seamark/core'

/** What a policy that is explained holds for. */
export interface ExplainOptions {
  /** A set-up has no files to say anything of, and its lowest level is the plan. Default: `attempt`. */
  readonly of?: 'attempt' | 'set-up'
  /**
   * The name of the executor, what it holds where the policy has no such limit, and what it gives no more of, whatever the policy has.
   * Default: nothing.
   */
  readonly otherwise?: { readonly executor: string; readonly limits?: LaunchLimits; readonly most?: LaunchLimits }
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

type Limits = NonNullable<Policy['limits']>

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
  const byDefault: Limits = otherwise?.limits ?? {}
  const atMost: Limits = otherwise?.most ?? {}
  const limit = (field: keyof Limits, name: string, text: (value: number) => string) => {
    const said = limits?.[field]
    const given = Math.min(said ?? byDefault[field] ?? Infinity, atMost[field] ?? Infinity)
    if (given === Infinity) return []
    if (said === given) return [told(`/limits/${field}`, `${name} ${text(given)}`)]
    const instead =
      said === undefined ? '' : `, in place of ${text(said)}: ${sources(from.get(`/limits/${field}`) ?? [], of)}`
    return [`  ${name} ${text(given)}  (executor ${otherwise?.executor}${instead})`]
  }
  const set = [
    ...limit('cpu', 'cpu', String),
    ...limit('memoryBytes', 'memory', size),
    ...limit('pids', 'pids', String),
    ...limit('diskBytes', 'disk', size),
    ...limit('wallClockMs', 'wall clock', time),
    ...limit('idleMs', 'idle', time),
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
