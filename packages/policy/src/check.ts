import type { Policy, Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { checkList, checkRule, checkRules } from './check-rule.ts'
import type { Finder } from './check-rule.ts'
import { hideGlob } from './glob.ts'
import { POLICY_LIMITS } from './limits.ts'
import { toolPattern } from './pattern.ts'
import { writeScope } from './write-scope.ts'

type LimitField = keyof NonNullable<Policy['limits']>

export interface LimitKind {
  readonly field: LimitField
  /** Its name in a plan. */
  readonly name: string
  /** What it is a multiple of. */
  readonly step: 1 | 0.001
  readonly most: number
  readonly unit: '' | 'bytes' | 'ms'
}

const { cpu, pids, durationMs } = POLICY_LIMITS
const most = Number.MAX_SAFE_INTEGER

/** What the limits are, in the order of a policy. */
export const LIMIT_FIELDS: readonly LimitKind[] = [
  { field: 'cpu', name: 'cpu', step: 0.001, most: cpu, unit: '' },
  { field: 'memoryBytes', name: 'memory', step: 1, most, unit: 'bytes' },
  { field: 'pids', name: 'pids', step: 1, most: pids, unit: '' },
  { field: 'diskBytes', name: 'disk', step: 1, most, unit: 'bytes' },
  { field: 'wallClockMs', name: 'wallClock', step: 1, most: durationMs, unit: 'ms' },
  { field: 'idleMs', name: 'idle', step: 1, most: durationMs, unit: 'ms' },
]

/** Paths of all rules. */
export function pathCount(rules: readonly { readonly paths?: readonly unknown[] }[]): number {
  return rules.reduce((sum, { paths = [] }) => sum + paths.length, 0)
}

/** Whether thousandths, or ones, are all that a number has. */
function hasStep(value: number, step: number): boolean {
  return step === 1 ? Number.isSafeInteger(value) : Math.round(value * 1_000) / 1_000 === value
}

/**
 * Everything that is wrong with a policy of one level, each with its pointer; the names of fields are those of a plan
 * (`memory`, not `memoryBytes`). What can not be enforced as written is wrong: a secret, methods, paths or a meter on a
 * tunnel, a secret without paths, two rules for one request with different secrets or meters.
 *
 * Codes: `INVALID_INPUT`, `LIMIT_EXCEEDED`.
 */
export function checkPolicy(policy: Policy, pointer = ''): readonly Problem[] {
  const problems: Problem[] = []
  const find: Finder = {
    invalid: (at, message, remedy) =>
      void problems.push({ code: 'INVALID_INPUT', message, remedy, place: { pointer: pointer + at } }),
    tooMany: (at, what, limit) =>
      void problems.push({
        code: 'LIMIT_EXCEEDED',
        message: `There are more than ${limit} ${what}.`,
        remedy: 'Write fewer.',
        place: { pointer: pointer + at },
      }),
    tooBig: (at, highest) =>
      void problems.push({
        code: 'LIMIT_EXCEEDED',
        message: `It is more than ${highest}.`,
        remedy: 'Write less.',
        place: { pointer: pointer + at },
      }),
  }
  const { filesystem, network, limits, tools } = policy
  checkList(filesystem?.read, '/filesystem/read', POLICY_LIMITS.patterns, find, (text) =>
    text === 'workspace' || text === 'toolchain'
      ? { ok: true, value: text }
      : { ok: false, message: 'There is nothing of this name to read.', remedy: 'Use workspace or toolchain.' },
  )
  checkList(filesystem?.write, '/filesystem/write', POLICY_LIMITS.patterns, find, writeScope)
  checkList(filesystem?.hide, '/filesystem/hide', POLICY_LIMITS.added, find, hideGlob)
  const rules = network?.allow ?? []
  if (rules.length > POLICY_LIMITS.rules) find.tooMany('/network/allow', 'rules', POLICY_LIMITS.rules)
  else if (pathCount(rules) > POLICY_LIMITS.paths) find.tooMany('/network/allow', 'paths', POLICY_LIMITS.paths)
  else {
    for (const [index, rule] of rules.entries()) checkRule(rule, `/network/allow/${index}`, find)
    // Lists beyond their limits are not compared with each other.
    if (problems.length === 0) checkRules(rules, '/network/allow', find)
  }
  for (const { field, name, step, most: highest } of LIMIT_FIELDS) {
    const value = limits?.[field]
    if (value === undefined) continue
    if (!(value > 0) || !hasStep(value, step))
      find.invalid(
        `/limits/${name}`,
        'This is no limit.',
        step === 1 ? 'Write a whole number above 0.' : 'Write a number above 0, down to thousandths.',
      )
    else if (value > highest) find.tooBig(`/limits/${name}`, highest)
  }
  checkList(tools?.shell, '/tools/shell', POLICY_LIMITS.patterns, find, toolPattern)
  checkList(tools?.deny, '/tools/deny', POLICY_LIMITS.added, find, toolPattern)
  return problems
}

/** Throws what `checkPolicy` finds. */
export function requireSound(policy: Policy): void {
  const problems = checkPolicy(policy)
  const [first] = problems
  if (first !== undefined) throw new SeamError(first.code, first.message, { problems })
}
