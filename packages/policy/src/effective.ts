import type { EffectivePolicy, Json, LevelPolicy, Policy, PolicyProblem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { checkPolicy } from './check.ts'
import { combineLimits } from './combine-limits.ts'
import { combineList, combineUnion } from './combine-lists.ts'
import type { ListPart } from './combine-lists.ts'
import { combineRules } from './combine-rules.ts'
import { policyDigest } from './digest.ts'
import { hideGlob } from './glob.ts'
import { LEVELS } from './meet.ts'
import type { Sourced } from './meet.ts'
import { partsOf, ruleJson } from './parts.ts'
import { patternCovers, patternMeet, toolPattern, toolPatternText } from './pattern.ts'
import type { ToolPattern } from './pattern.ts'
import { writeRule } from './rule.ts'
import { stemCovers, stemMeet } from './stem.ts'
import type { Stem } from './stem.ts'
import { writeScope, writeScopeText } from './write-scope.ts'

const readable: ListPart<string> = {
  at: '/filesystem/read',
  of: ({ filesystem }) => filesystem?.read,
  read: (value) => ({ ok: true, value }),
  lattice: { meet: (a, b) => (a === b ? a : undefined), covers: (a, b) => a === b, write: (word) => word },
}
const writable: ListPart<Stem> = {
  at: '/filesystem/write',
  of: ({ filesystem }) => filesystem?.write,
  read: writeScope,
  lattice: { meet: stemMeet, covers: stemCovers, write: writeScopeText },
}
const shellPart: ListPart<ToolPattern> = {
  at: '/tools/shell',
  of: ({ tools }) => tools?.shell,
  read: toolPattern,
  lattice: { meet: patternMeet, covers: patternCovers, write: toolPatternText },
}
const hidePart = { at: '/filesystem/hide', of: ({ filesystem }: Policy) => filesystem?.hide }
const rulePart = { at: '/network/allow', of: ({ network }: Policy) => network?.allow }
const denyPart = { at: '/tools/deny', of: ({ tools }: Policy) => tools?.deny }

const byDefault = (value: string): Sourced<string> => ({ value, from: [] })

/** Entries of a list as they are written. */
function written<T>(list: readonly Sourced<T>[], write: (value: T) => string): readonly Sourced<string>[] {
  return list.map(({ value, from }) => ({ value: write(value), from }))
}

function values<T>(list: readonly Sourced<T>[]): readonly T[] {
  return list.map(({ value }) => value)
}

/** In the order of the levels, each there at most once and with nothing wrong in it. */
function inOrder(levels: readonly LevelPolicy[]): readonly LevelPolicy[] {
  const problems = levels.flatMap(({ policy, pointer }) => checkPolicy(policy, pointer))
  const [first] = problems
  if (first !== undefined) throw new SeamError(first.code, first.message, { problems })
  if (new Set(levels.map(({ level }) => level)).size !== levels.length)
    throw new SeamError('INVALID_INPUT', 'A level has two policies.', { remedy: 'Give each level one policy.' })
  return LEVELS.flatMap((level) => levels.filter((one) => one.level === level))
}

/**
 * What all levels allow together, whatever their order in the list. A lower level can only narrow: what it asks for beyond an
 * upper one does not count, and is a problem with its place.
 *
 * A list that a level leaves out is not narrowed by it; an empty one allows nothing. `hide` and `deny` add up, of limits the
 * smallest holds, and a secret is added only where the deployment's own policy adds it, or the parent's, which has it from there.
 *
 * Codes of problems: `FORBIDDEN` (an upper level does not give it), `LIMIT_EXCEEDED` (the levels together need too many
 * entries: nothing is allowed there). Errors: `INVALID_INPUT` or `LIMIT_EXCEEDED` with everything that `checkPolicy` finds.
 */
export function effective(levels: readonly LevelPolicy[]): EffectivePolicy {
  const ordered = inOrder(levels)
  const problems: PolicyProblem[] = []
  const read = combineList(ordered, readable, problems) ?? ['toolchain', 'workspace'].map(byDefault)
  const scopes = combineList(ordered, writable, problems)
  const write = scopes === undefined ? [byDefault('workspace')] : written(scopes, writeScopeText)
  const hide = combineUnion(ordered, hidePart, hideGlob, (glob) => glob)
  const allow = combineRules(ordered, problems).map(({ value, from }) => ({ value: writeRule(value), from }))
  const limits = combineLimits(ordered, problems)
  const patterns = combineList(ordered, shellPart, problems)
  const shell = patterns && written(patterns, toolPatternText)
  const deny = combineUnion(ordered, denyPart, toolPattern, toolPatternText)

  const policy: Policy = {
    filesystem: { read: values(read), write: values(write), hide: values(hide) },
    network: { allow: values(allow) },
    limits: Object.fromEntries(limits.map(({ field, value }) => [field, value])),
    tools: { ...(shell && { shell: values(shell) }), deny: values(deny) },
  }
  const rules = allow.map(({ value, from }): Sourced<Json> => ({ value: ruleJson(value), from }))
  const lists = [
    { ...readable, entries: read },
    { ...writable, entries: write },
    { ...hidePart, entries: hide },
    { ...rulePart, entries: rules },
    ...(shell === undefined ? [] : [{ ...shellPart, entries: shell }]),
    { ...denyPart, entries: deny },
  ]
  return { policy, digest: policyDigest(policy), parts: partsOf(ordered, lists, limits), problems }
}
