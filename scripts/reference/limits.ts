import { readFileSync } from 'node:fs'
import { CHILDREN_LIMITS } from '../../packages/children/src/limits.ts'
import { BUNDLE_LIMITS } from '../../packages/evidence/src/bundle.ts'
import { SUMMARY_BYTES } from '../../packages/kit/src/output-bytes.ts'
import { SECRET_LIMITS } from '../../packages/kit/src/secret-value.ts'
import { FORWARDER_LIMITS } from '../../packages/forwarder/src/forwarder.ts'
import { DEFAULT_LIMITS } from '../../packages/executor-sandbox/src/default-limits.ts'
import { GATEWAY_LIMITS } from '../../packages/gateway/src/limits.ts'
import { LIMITS } from '../../packages/log/src/limits.ts'
import { METERING_LIMITS } from '../../packages/metering/src/limits.ts'
import { ENGINE_LIMITS, LIMITED_LIMITS } from '../../packages/orchestrator/src/limits.ts'
import { OUTPUT_SCHEMA_LIMITS } from '../../packages/output-schema/src/limits.ts'
import { POLICY_LIMITS } from '../../packages/policy/src/limits.ts'
import { AGENT_LIMITS } from '../../packages/protocol/src/agent/limits.ts'
import { PLAN_LIMITS } from '../../packages/protocol/src/plan/limits.ts'
import { REPORT_LIMITS } from '../../packages/report/src/limits.ts'
import { KIND_LIMITS } from '../../packages/worker/src/kinds/reader.ts'
import { WORKER_LIMITS } from '../../packages/worker/src/limits.ts'

interface Group {
  readonly title: string
  readonly about: string
  readonly source: string
  readonly values: Readonly<Record<string, number>>
}

const groups: readonly Group[] = [
  {
    title: 'A plan',
    about: 'Refused at submit with `LIMIT_EXCEEDED` and its place, all problems at once.',
    source: 'packages/protocol/src/plan/limits.ts',
    values: { ...PLAN_LIMITS },
  },
  {
    title: 'A command',
    about: 'Refused with `LIMIT_EXCEEDED` before anything is recorded.',
    source: 'packages/orchestrator/src/limits.ts',
    values: { ...ENGINE_LIMITS },
  },
  {
    title: 'A limit of a provider',
    about: 'The item of an agent that meets one waits, and goes on in its conversation.',
    source: 'packages/orchestrator/src/limits.ts',
    values: { ...LIMITED_LIMITS },
  },
  {
    title: 'An agent',
    about: 'Refused when it is pushed, with its place, all problems at once.',
    source: 'packages/protocol/src/agent/limits.ts',
    values: { ...AGENT_LIMITS },
  },
  {
    title: 'A policy',
    about: 'Refused with `LIMIT_EXCEEDED` and its place; a command or path beyond one is not allowed.',
    source: 'packages/policy/src/limits.ts',
    values: { ...POLICY_LIMITS },
  },
  {
    title: 'An attempt',
    about: 'The attempt fails, naming the limit and the path.',
    source: 'packages/worker/src/limits.ts',
    values: { ...WORKER_LIMITS },
  },
  {
    title: 'An attempt in a sandbox, of which nothing is said',
    about:
      'It ends with the limit as its reason. A policy says others, and a deployment may set others with `limits` of `sandboxExecutor`.',
    source: 'packages/executor-sandbox/src/default-limits.ts',
    values: { ...DEFAULT_LIMITS },
  },
  {
    title: 'A report',
    about: 'What is beyond one is left out, and counted in its place.',
    source: 'packages/report/src/limits.ts',
    values: { ...REPORT_LIMITS },
  },
  {
    title: 'The schema of an output',
    about: 'A schema is refused at submit with its place; over a limit of its document the attempt fails.',
    source: 'packages/output-schema/src/limits.ts',
    values: { ...OUTPUT_SCHEMA_LIMITS },
  },
  {
    title: 'The summary of an output with a kind',
    about: 'Bytes that it counts among `outputBytes` of a plan.',
    source: 'packages/kit/src/output-bytes.ts',
    values: { ...SUMMARY_BYTES },
  },
  {
    title: 'An output with a kind',
    about: 'The attempt fails with `limit`; names that are told are cut.',
    source: 'packages/worker/src/kinds/reader.ts',
    values: { ...KIND_LIMITS },
  },
  {
    title: 'A way out of an attempt',
    about: 'Its program gets an error that names the limit. A deployment may set others under `egress.limits`.',
    source: 'packages/gateway/src/limits.ts',
    values: { ...GATEWAY_LIMITS },
  },
  {
    title: 'A socket for children',
    about: 'Its program gets an error that names the limit, waits, or is cut off.',
    source: 'packages/children/src/limits.ts',
    values: { ...CHILDREN_LIMITS },
  },
  {
    title: 'The forwarder inside a sandbox',
    about: 'A connection beyond one is reset.',
    source: 'packages/forwarder/src/forwarder.ts',
    values: { ...FORWARDER_LIMITS },
  },
  {
    title: 'A call to a model',
    about: 'A request beyond one is refused with `LIMIT_EXCEEDED`; an answer beyond one settles at what was reserved.',
    source: 'packages/metering/src/limits.ts',
    values: { ...METERING_LIMITS },
  },
  {
    title: 'A secret',
    about: 'Refused when it is set, and where it is to be kept out of what is written.',
    source: 'packages/kit/src/secret-value.ts',
    values: { ...SECRET_LIMITS },
  },
  {
    title: 'Records, notes and proofs',
    about: 'Refused when written and when read.',
    source: 'packages/log/src/limits.ts',
    values: { ...LIMITS },
  },
  {
    title: 'A bundle',
    about: 'A bundle beyond one is unreadable.',
    source: 'packages/evidence/src/bundle.ts',
    values: { ...BUNDLE_LIMITS },
  },
]

/** `LIMITS.md`: every bound, with the words of the file that has it. */
export function limitsPage(): string {
  return `# Limits

Every bound of what Seamark takes and makes. Beyond one there is an error with a code and the name of the limit; nothing is
cut or dropped silently. This page is generated from the files that it names.
${groups.map(section).join('')}`
}

function section({ title, about, source, values }: Group): string {
  const words = descriptions(readFileSync(source, 'utf8'))
  const rows = Object.entries(values).map(
    ([name, value]) => `| \`${name}\` | ${written(value)} | ${words.get(name) ?? spelled(name)} |`,
  )
  return `
## ${title}

${about} Source: [\`${source}\`](${source}).

| name | limit | of what |
|---|---:|---|
${rows.join('\n')}
`
}

/** The doc comment of each member in a source text, without its last full stop. */
function descriptions(source: string): ReadonlyMap<string, string> {
  const members = source.matchAll(/\/\*\*\s+([^*]+?)\s+\*\/\s+(?:readonly\s+)?(\w+)\??:/g)
  return new Map([...members].map(([, text = '', name = '']) => [name, text.replace(/\s+/g, ' ').replace(/\.$/, '')]))
}

/** `needsPerItem` as "needs per item". */
function spelled(name: string): string {
  const words = name.replace(/^max(?=[A-Z])/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.trim().replace(/^\w/, (letter) => letter.toUpperCase())
}

/** Digits in groups, and the binary unit where it is a whole number of them. */
function written(value: number): string {
  const digits = value.toLocaleString('en-US')
  for (const [power, unit] of [
    [30, 'GiB'],
    [20, 'MiB'],
  ] as const) {
    if (value % 2 ** power === 0) return `${digits} (${value / 2 ** power} ${unit})`
  }
  return digits
}
