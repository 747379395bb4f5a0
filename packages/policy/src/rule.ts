import type { EgressMode, EgressRule } from '@seamark/core'
import { jcsText } from '@seamark/log'
import { canonicalHost } from './host.ts'
import { pathPattern } from './http-path.ts'
import type { Lattice } from './meet.ts'
import { stemCovers, stemMeet } from './stem.ts'
import type { Stem } from './stem.ts'

export const DEFAULT_PORT = 443

/** A rule in normal form. */
export interface Rule {
  readonly host: string
  readonly port: number
  readonly mode: EgressMode
  /** Sorted. */
  readonly methods?: readonly string[]
  readonly paths?: readonly Stem[]
  readonly inject?: string
  readonly meter?: string
}

const pathText = ({ text, open }: Stem): string => (open ? `${text}*` : text)

/** Distinct paths in order, none of which another covers. */
function maximalPaths(paths: readonly Stem[]): readonly Stem[] {
  const distinct = [...new Map(paths.map((path) => [pathText(path), path])).values()]
  return distinct
    .filter((path) => distinct.every((other) => other === path || !stemCovers(other, path)))
    .sort((a, b) => (pathText(a) < pathText(b) ? -1 : 1))
}

/** A rule that `checkPolicy` found nothing wrong with, in normal form; `undefined` for another. */
export function readRule(rule: EgressRule): Rule | undefined {
  const host = canonicalHost(rule.host)
  const paths = rule.paths?.map(pathPattern)
  if (!host.ok || paths?.some((path) => !path.ok) === true) return undefined
  const { port = DEFAULT_PORT, mode, methods, inject, meter } = rule
  return {
    host: host.value,
    port,
    mode,
    ...(methods && { methods: [...new Set(methods)].sort() }),
    ...(paths && { paths: maximalPaths(paths.flatMap((path) => (path.ok ? [path.value] : []))) }),
    ...(inject !== undefined && { inject }),
    ...(meter !== undefined && { meter }),
  }
}

/** The rule as it is written, with its port. */
export function writeRule({ paths, ...rule }: Rule): EgressRule {
  return { ...rule, ...(paths && { paths: paths.map(pathText) }) }
}

/** Same host, port and mode. */
export function sameWay(a: Rule, b: Rule): boolean {
  return a.host === b.host && a.port === b.port && a.mode === b.mode
}

export function meetMethods(a: Rule['methods'], b: Rule['methods']): Rule['methods'] {
  return a === undefined || b === undefined ? (a ?? b) : a.filter((method) => b.includes(method))
}

export function meetPaths(a: Rule['paths'], b: Rule['paths']): Rule['paths'] {
  if (a === undefined || b === undefined) return a ?? b
  return maximalPaths(a.flatMap((one) => b.flatMap((other) => stemMeet(one, other) ?? [])))
}

/** Whether a rule of a lower level may stand beside one of an upper: it adds no secret and changes no meter. */
export function sameMeans(upper: Rule, lower: Rule): boolean {
  if (lower.inject !== undefined && lower.inject !== upper.inject) return false
  return upper.meter === undefined || lower.meter === undefined || upper.meter === lower.meter
}

export const ruleLattice: Lattice<Rule> = {
  meet(upper, lower) {
    if (!sameWay(upper, lower) || !sameMeans(upper, lower)) return undefined
    const methods = meetMethods(upper.methods, lower.methods)
    const paths = meetPaths(upper.paths, lower.paths)
    if (methods?.length === 0 || paths?.length === 0) return undefined
    const meter = upper.meter ?? lower.meter
    const { host, port, mode, inject } = upper
    return {
      host,
      port,
      mode,
      ...(methods && { methods }),
      ...(paths && { paths }),
      ...(inject !== undefined && { inject }),
      ...(meter !== undefined && { meter }),
    }
  },
  covers(outer, inner) {
    if (!sameWay(outer, inner) || outer.inject !== inner.inject || outer.meter !== inner.meter) return false
    const methods = inner.methods?.every((method) => outer.methods?.includes(method) !== false) ?? !outer.methods
    const { paths } = outer
    return methods && (paths === undefined || coversPaths(paths, inner.paths))
  },
  write: (rule) => jcsText(writeRule(rule)),
}

function coversPaths(outer: readonly Stem[], inner: Rule['paths']): boolean {
  return inner?.every((path) => outer.some((other) => stemCovers(other, path))) ?? false
}
