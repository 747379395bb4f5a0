import type { LevelPolicy, PolicyProblem, PolicySource } from '@seamark/core'
import { pathCount } from './check.ts'
import { forbidden, sourceOf, tooManyTogether } from './combine-lists.ts'
import { POLICY_LIMITS } from './limits.ts'
import { maximal, meetLists } from './meet.ts'
import type { Sourced } from './meet.ts'
import { meetPaths, readRule, ruleLattice, sameMeans, sameWay } from './rule.ts'
import type { Rule } from './rule.ts'
import { stemCovers } from './stem.ts'

/** What every level that has rules allows; nothing where none has. */
export function combineRules(levels: readonly LevelPolicy[], problems: PolicyProblem[]): readonly Sourced<Rule>[] {
  let sofar: readonly Sourced<Rule>[] | undefined
  for (const level of levels) {
    const list = level.policy.network?.allow.flatMap((given, index): readonly Sourced<Rule>[] => {
      const value = readRule(given)
      return value === undefined ? [] : [{ value, from: [sourceOf(level, `/network/allow/${index}`)] }]
    })
    if (list === undefined) continue
    if (sofar === undefined) {
      sofar = maximal(withoutSecrets(level, list, problems), ruleLattice)
      continue
    }
    const upper = sofar
    for (const { value, from } of list)
      for (const source of from)
        problems.push(
          ...beyond(
            upper.map((entry) => entry.value),
            value,
            source,
          ),
        )
    const both = meetLists(upper, list, ruleLattice, POLICY_LIMITS.rules)
    const fits = both !== undefined && pathCount(both.map(({ value }) => value)) <= POLICY_LIMITS.paths
    if (!fits)
      problems.push(tooManyTogether(sourceOf(level, '/network/allow'), POLICY_LIMITS.rules, 'rules, or too many paths'))
    sofar = fits ? both : []
  }
  return sofar ?? []
}

/** A secret is the deployment's to give: without a rule of its own, none goes anywhere. What a parent has it was given. */
function withoutSecrets(
  level: LevelPolicy,
  list: readonly Sourced<Rule>[],
  problems: PolicyProblem[],
): readonly Sourced<Rule>[] {
  if (level.level === 'deployment' || level.level === 'parent') return list
  return list.filter(({ value, from }) => {
    if (value.inject === undefined) return true
    problems.push(...from.map((source) => noSecret(source)))
    return false
  })
}

function noSecret({ level, pointer }: PolicySource): PolicyProblem {
  return forbidden(
    { level, pointer: `${pointer}/inject` },
    "The deployment's policy does not add this secret here.",
    "Write a rule with this host and secret in the deployment's policy, or leave inject out.",
  )
}

/** What a rule asks for that no upper rule gives. What it leaves open is not asked for. */
function beyond(upper: readonly Rule[], rule: Rule, { level, pointer }: PolicySource): readonly PolicyProblem[] {
  const problem = (field: string, message: string) =>
    forbidden({ level, pointer: pointer + field }, message, 'Leave it out, or have it allowed at the upper level.')
  const none = 'No upper level allows this'
  const ofHost = upper.filter(({ host }) => host === rule.host)
  if (ofHost.length === 0) return [problem('/host', `${none} host.`)]
  const ofPort = ofHost.filter(({ port }) => port === rule.port)
  if (ofPort.length === 0) return [problem(`/port`, `${none} port of the host.`)]
  const ofWay = ofPort.filter((other) => sameWay(other, rule))
  if (ofWay.length === 0) return [problem('/mode', `${none} mode for the host.`)]
  const near = ofWay.filter((other) => sameMeans(other, rule))
  if (near.length === 0) {
    if (rule.inject !== undefined && ofWay.every(({ inject }) => inject !== rule.inject))
      return [noSecret({ level, pointer })]
    return [problem('/meter', 'An upper level has another meter for the host.')]
  }
  const { methods = [undefined], paths = [undefined] } = rule
  const allows = (other: Rule, method: string | undefined, path: (typeof paths)[number]) =>
    (method === undefined || other.methods?.includes(method) !== false) &&
    (path === undefined || other.paths?.some((stem) => stemCovers(stem, path)) !== false)
  const badMethods = methods.filter((method) => !near.some((other) => allows(other, method, undefined)))
  const badPaths = paths.filter((path) => !near.some((other) => allows(other, undefined, path)))
  const named = [
    ...badMethods.map((method) => problem('/methods', `${none}: ${method}.`)),
    ...badPaths.map(() => problem('/paths', 'No upper level allows all of a path.')),
  ]
  if (named.length > 0) return named
  const together = methods.every((method) => paths.every((path) => near.some((other) => allows(other, method, path))))
  const empty = near.every((other) => meetPaths(other.paths, rule.paths)?.length === 0)
  return together && !empty ? [] : [problem('', 'No upper level allows these methods and paths together.')]
}
