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
  end(): Sums
}

export function sarifRun(told: NameTeller): SarifRun {
  const byRule = new Map<string, number>()
  const said = { error: 0, warning: 0, note: 0, none: 0 }
  const first: {
    readonly level?: FindingLevel
    readonly rule: string
    readonly id?: string
    readonly place?: string
  }[] = []
  const defaults = new Map<string, FindingLevel>()
  let suppressed = 0

  return {
    result(value) {
      if (!isObject(value)) throw new Unreadable('invalid', 'is no SARIF: a result is no object')
      const { kind, level: own, ruleId, ruleIndex, suppressions } = value
      if (Array.isArray(suppressions) && suppressions.length > 0) {
        suppressed++
        return
      }
      const id = text(ruleId) ?? text(at(value, 'rule', 'id'))
      const index = number(ruleIndex) ?? number(at(value, 'rule', 'index'))
      const rule = index === undefined || index < 0 ? `id ${id ?? ''}` : `index ${index}`
      const level = kind !== undefined && kind !== 'fail' ? 'none' : levelOf(own)
      if (level !== undefined) said[level]++
      else if (byRule.size >= KIND_LIMITS.rules && !byRule.has(rule))
        throw new Unreadable('limit', `has more than ${KIND_LIMITS.rules} rules`)
      else byRule.set(rule, (byRule.get(rule) ?? 0) + 1)
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
    driver(value) {
      const rules = at(value, 'rules')
      if (!Array.isArray(rules)) return
      for (const [index, rule] of rules.entries()) {
        const level = levelOf(at(rule, 'defaultConfiguration', 'level')) ?? 'warning'
        defaults.set(`index ${index}`, level)
        defaults.set(`id ${text(at(rule, 'id')) ?? ''}`, level)
      }
    },
    end() {
      const counts = { ...said }
      for (const [rule, count] of byRule) counts[defaults.get(rule) ?? 'warning'] += count
      const findings: Finding[] = []
      for (const { level: own, rule, id, place } of first) {
        const level = own ?? defaults.get(rule) ?? 'warning'
        if (level !== 'none' && findings.length < LIMITS.summaryNames)
          findings.push({ level, ...(id !== undefined && { rule: id }), ...(place !== undefined && { place }) })
      }
      return { errors: counts.error, warnings: counts.warning, notes: counts.note, suppressed, findings }
    },
  }
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

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
}
