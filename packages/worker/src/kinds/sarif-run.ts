import type { FindingLevel, OutputSummary } from '@seamark/core'
import { LIMITS } from '@seamark/log'
import type { NameTeller } from './reader.ts'
import { KIND_LIMITS, Unreadable } from './reader.ts'

type Sums = Omit<Extract<OutputSummary, { readonly findings: unknown }>, 'kind'>
export type Finding = Sums['findings'][number]

/** The results of one run. Levels that results leave to their rules are known at its end: a tool may come after its results. */
export interface SarifRun {
  result(value: unknown): void
  driver(value: unknown): void
  extension(value: unknown, index: number): void
  end(): Sums
}

/** A rule as a result names it. */
interface RuleName {
  readonly component: string
  readonly name: string
}

export function sarifRun(told: NameTeller): SarifRun {
  const byRule = new Map<string, { readonly rule: RuleName; readonly count: number }>()
  const said = { error: 0, warning: 0, note: 0, none: 0 }
  const first: {
    readonly level?: FindingLevel
    readonly rule: RuleName
    readonly id?: string
    readonly place?: string
  }[] = []
  // By what results call a tool's component, then by what they call its rule.
  const defaults = new Map<string, ReadonlyMap<string, FindingLevel>>()
  let suppressed = 0
  const defaultOf = ({ component, name }: RuleName): FindingLevel => defaults.get(component)?.get(name) ?? 'warning'

  function component(value: unknown, key: string): void {
    const rules = rulesOf(value)
    defaults.set(key, rules)
    for (const what of ['guid', 'name'] as const) {
      const other = text(at(value, what))
      if (other !== undefined) defaults.set(`${what} ${other}`, rules)
    }
  }

  return {
    result(value) {
      if (!isObject(value)) throw new Unreadable('invalid', 'is no SARIF: a result is no object')
      const { kind, level: own, ruleId, ruleIndex, suppressions } = value
      if (isSuppressed(suppressions)) {
        suppressed++
        return
      }
      const id = text(ruleId) ?? text(at(value, 'rule', 'id'))
      const index = indexOf(ruleIndex) ?? indexOf(at(value, 'rule', 'index'))
      const rule = {
        component: componentOf(at(value, 'rule', 'toolComponent')),
        name: index === undefined ? `id ${id ?? ''}` : `index ${index}`,
      }
      const key = JSON.stringify(rule)
      const level = kind !== undefined && kind !== 'fail' ? 'none' : levelOf(own)
      if (level !== undefined) said[level]++
      else if (byRule.size >= KIND_LIMITS.rules && !byRule.has(key))
        throw new Unreadable('limit', `has more than ${KIND_LIMITS.rules} rules`)
      else byRule.set(key, { rule, count: (byRule.get(key)?.count ?? 0) + 1 })
      // As long as levels are not known, what is of level none takes a place: a tool says so of few of its rules.
      if (level === 'none' || first.length >= KIND_LIMITS.findingsHeld) return
      const place = placeOf(value, told)
      first.push({
        rule,
        ...(level !== undefined && { level }),
        ...(id !== undefined && id !== '' && { id: told(id) }),
        ...(place !== undefined && { place }),
      })
    },
    driver: (value) => component(value, 'driver'),
    extension: (value, index) => component(value, `extension ${index}`),
    end() {
      const counts = { ...said }
      for (const { rule, count } of byRule.values()) counts[defaultOf(rule)] += count
      const findings: Finding[] = []
      for (const { level: own, rule, id, place } of first) {
        const level = own ?? defaultOf(rule)
        if (level !== 'none' && findings.length < LIMITS.summaryNames)
          findings.push({ level, ...(id !== undefined && { rule: id }), ...(place !== undefined && { place }) })
      }
      return { errors: counts.error, warnings: counts.warning, notes: counts.note, suppressed, findings }
    },
  }
}

/** §3.54: a reference to a component of the tool. Without one it is the driver. */
function componentOf(reference: unknown): string {
  if (!isObject(reference)) return 'driver'
  const index = indexOf(reference['index'])
  if (index !== undefined) return `extension ${index}`
  const guid = text(reference['guid'])
  return guid === undefined ? `name ${text(reference['name']) ?? ''}` : `guid ${guid}`
}

function rulesOf(component: unknown): ReadonlyMap<string, FindingLevel> {
  const levels = new Map<string, FindingLevel>()
  const rules = at(component, 'rules')
  for (const [index, rule] of (Array.isArray(rules) ? rules : []).entries()) {
    const level = levelOf(at(rule, 'defaultConfiguration', 'level')) ?? 'warning'
    levels.set(`index ${index}`, level)
    levels.set(`id ${text(at(rule, 'id')) ?? ''}`, level)
  }
  return levels
}

/** §3.27.23: what was asked for and not granted does not suppress. */
function isSuppressed(suppressions: unknown): boolean {
  if (!Array.isArray(suppressions) || suppressions.length === 0) return false
  return suppressions.every((one) => {
    const status = at(one, 'status')
    return status === undefined || status === 'accepted'
  })
}

function placeOf(result: unknown, told: NameTeller): string | undefined {
  const locations = at(result, 'locations')
  const place = Array.isArray(locations) ? at(locations[0], 'physicalLocation') : undefined
  const uri = text(at(place, 'artifactLocation', 'uri'))
  if (uri === undefined || uri === '') return undefined
  const line = number(at(place, 'region', 'startLine'))
  return line === undefined ? told(uri) : `${told(uri)}:${line}`
}

function levelOf(value: unknown): FindingLevel | undefined {
  return value === 'error' || value === 'warning' || value === 'note' || value === 'none' ? value : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce((inside, key) => (isObject(inside) && Object.hasOwn(inside, key) ? inside[key] : undefined), value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function indexOf(value: unknown): number | undefined {
  const index = number(value)
  return index === undefined || index < 0 ? undefined : index
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
}
