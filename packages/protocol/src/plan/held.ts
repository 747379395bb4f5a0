import type { EffectivePolicy, PolicyPart } from '@seamark/core'
import { toolMatcher } from '@seamark/policy'
import type { ToolDecision, ToolMatcher } from '@seamark/policy'
import type { EgressHolds, ExecutorHolds } from './deployment.ts'
import type { Faults, Path } from './fault.ts'
import { steps } from './place.ts'
import { quoted } from './quoted.ts'

/** A line of the plan that a policy of commands judges. */
export interface PlanLine {
  readonly line: string
  readonly path: Path
}

/** What is to hold a policy, and what it is judged by. */
export interface Held {
  readonly effective: EffectivePolicy
  readonly executor: { readonly name: string; readonly holds?: ExecutorHolds }
  /** What runs and is known from the plan. Absent: what the runtime starts is not known, and it does not ask either. */
  readonly lines?: readonly PlanLine[]
  /** Where what the policy is for stands in the plan. */
  readonly path: Path
  /** It is for a set-up. */
  readonly setup?: boolean
}

const limitNames = { cpu: 'cpu', memoryBytes: 'memory', pids: 'pids', diskBytes: 'disk', idleMs: 'idle' } as const

function isLimit(field: string): field is keyof typeof limitNames {
  return Object.hasOwn(limitNames, field)
}

/**
 * Whether all of a policy can be held where it is to be; what can not is a fault `UNSUPPORTED`, and a line of the plan that it
 * denies `FORBIDDEN`. The place is where the plan says it, or, where only the configuration does, what it says it for.
 * Items share policies, so what was looked at once is remembered.
 */
export function heldCheck(faults: Faults, egress: EgressHolds | undefined): (held: Held) => void {
  const fine = new Map<EffectivePolicy, Set<string>>()
  const matchers = new Map<EffectivePolicy, ToolMatcher>()
  return (held) => {
    const { effective, executor, lines } = held
    const where = `${executor.name} ${lines !== undefined}`
    const known = fine.get(effective) ?? new Set()
    fine.set(effective, known)
    if (!known.has(where) && checkPlace(held, egress, faults)) known.add(where)
    if (lines === undefined) return
    const matcher = matchers.get(effective) ?? toolMatcher(effective.policy)
    matchers.set(effective, matcher)
    judgeLines(matcher, lines, faults)
  }
}

/** Whether the executor holds it. */
function checkPlace(
  { effective, executor, lines, path, setup = false }: Held,
  egress: EgressHolds | undefined,
  faults: Faults,
): boolean {
  const { policy, parts } = effective
  let held = true
  const { name, holds } = executor
  const saidIn = (pointer: string) =>
    parts.filter((part) => part.from.length > 0 && (part.pointer === pointer || part.pointer.startsWith(`${pointer}/`)))
  const refuse = (said: readonly PolicyPart[], what: string, remedy: string) => {
    const sources = said.flatMap(({ from }) => from)
    const own = sources.find(({ level }) => level === 'item')
    held = false
    const above = own === undefined ? ` The policy of the ${sources[0]?.level ?? 'deployment'} asks for it.` : ''
    faults.add({
      code: 'UNSUPPORTED',
      message: `${what}${above}`,
      remedy,
      path: own === undefined ? path : steps(own.pointer),
    })
  }
  const elsewhere = 'Name another executor, or leave it out.'

  for (const part of parts) {
    const field = part.pointer.slice('/limits/'.length)
    if (!part.pointer.startsWith('/limits/') || !isLimit(field)) continue
    const limit = limitNames[field]
    if ((holds?.limits[limit] ?? 'none') === 'none')
      refuse([part], `Executor ${quoted(name)} does not hold a limit of ${limit}.`, elsewhere)
  }
  for (const field of ['read', 'write', 'hide'] as const) {
    const said = saidIn(`/filesystem/${field}`)
    if (said.length === 0 || (field === 'hide' && policy.filesystem?.hide?.length === 0)) continue
    if (holds?.filesystem !== 'private')
      refuse(said, `Executor ${quoted(name)} does not keep files from an attempt (filesystem.${field}).`, elsewhere)
    else if (field === 'read' && policy.filesystem?.read?.length !== 2)
      refuse(said, 'An attempt without its workspace or the toolchain is not supported by this version.', 'Write both.')
  }
  const network = saidIn('/network/allow')
  const allow = policy.network?.allow ?? []
  if (allow.length > 0 && egress === undefined)
    refuse(network, 'There is no way out for attempts here.', 'Leave it out: the sandbox has no network.')
  else if (allow.length > 0 && (holds?.filesystem !== 'private' || holds.network === 'host'))
    refuse(network, `Executor ${quoted(name)} can not hold an attempt to a way out.`, elsewhere)
  else if (allow.length > 0 && holds?.noWayOut !== undefined)
    refuse(network, holds.noWayOut.message, holds.noWayOut.remedy ?? elsewhere)
  else if (network.length > 0 && (holds?.network ?? 'host') === 'host')
    refuse(network, `Executor ${quoted(name)} leaves an attempt the network of the host.`, elsewhere)
  for (const [index, { host, inject, meter }] of allow.entries()) {
    const said = saidIn(`/network/allow/${index}`)
    // A set-up can not be parked until there is a budget: it would fail, and everything that waits for it.
    if (meter !== undefined && setup)
      refuse(
        said,
        `A set-up can not wait for a budget, so it can not reach ${quoted(host)} by a rule with a meter.`,
        'Make the calls in an item, or leave the rule out for set-ups.',
      )
    else if (meter !== undefined && egress !== undefined) {
      const read = Object.hasOwn(egress.meters ?? {}, meter) ? egress.meters?.[meter] : undefined
      if (read === undefined)
        refuse(said, `There is no meter ${quoted(meter)} here.`, 'Configure egress.meters, or name the meter model.')
      else if (!read.some((name) => (typeof name === 'string' ? name === host : name.test(host))))
        refuse(
          said,
          `Meter ${quoted(meter)} can not read calls to ${quoted(host)}.`,
          'Say in egress.meters, under hosts, whose API it speaks.',
        )
    }
    if (inject !== undefined && egress?.inject.includes(inject) === false)
      refuse(said, `How the secret ${quoted(inject)} is added is not configured.`, 'Configure egress.credentials.')
  }
  const tools = [...saidIn('/tools/shell'), ...saidIn('/tools/deny')]
  if (tools.length > 0 && lines === undefined)
    refuse(tools, 'What this runtime starts can not be judged by patterns.', 'Name the runtime command.')
  return held
}

function judgeLines(matcher: ToolMatcher, lines: readonly PlanLine[], faults: Faults): void {
  for (const { line, path } of lines) {
    const decision = matcher.line(line)
    if (decision.allowed) continue
    faults.add({ code: 'FORBIDDEN', ...why(decision), path })
  }
}

function why({ reason, pattern }: Exclude<ToolDecision, { allowed: true }>): { message: string; remedy: string } {
  switch (reason) {
    case 'denied':
      return { message: `Its policy denies this command by ${quoted(pattern ?? '')}.`, remedy: 'Do without it.' }
    case 'not-listed':
      return {
        message: 'Its policy lists the commands that may run, and one of these is not among them.',
        remedy: 'Use a command that tools.shell lists, spelled as it is there.',
      }
    case 'unparsed':
      return {
        message: 'Its policy has patterns of commands, and what this line runs can not be read.',
        remedy: 'Write plain commands, without variables, globs and redirections, or put them into a script.',
      }
    case 'hidden':
      return {
        message: 'Its policy denies commands, and this line may start some that can not be seen.',
        remedy: 'Name the command itself.',
      }
  }
}
