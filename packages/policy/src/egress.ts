import type { EgressMode, EgressRule, Policy } from '@seamark/core'
import { requireSound } from './check.ts'
import { canonicalHost } from './host.ts'
import { canonicalPath, isAbsolutePath } from './http-path.ts'
import { readRule, writeRule } from './rule.ts'
import type { Rule } from './rule.ts'
import type { Stem } from './stem.ts'
import { stemCovers, stemTakes } from './stem.ts'

/** A request as the gateway sees it. Of a tunnel it sees neither method nor path. */
export type EgressRequest =
  | { readonly host: string; readonly port: number; readonly mode: 'tunnel' }
  | {
      readonly host: string
      readonly port: number
      readonly mode: 'endpoint' | 'intercept'
      /** As sent; methods are compared exactly. */
      readonly method: string
      /** The request target as sent. What follows the first `?` is not looked at. One that is unclear fits no rule with other paths than `/*`. */
      readonly path: string
    }

/** The first thing that no rule allows, or why a request is not even compared. */
export type EgressRefusal = 'host' | 'port' | 'mode' | 'method' | 'path' | 'unclear-host' | 'unclear-path'

export type EgressDecision =
  | {
      readonly allowed: true
      readonly rule: EgressRule
      /** In `network.allow` of the policy. */
      readonly index: number
      /** In its one spelling: what to compare in logs. */
      readonly host: string
    }
  | { readonly allowed: false; readonly reason: EgressRefusal }

export interface EgressMatcher {
  match(request: EgressRequest): EgressDecision
  /** The ways in which any request to a host and port could be allowed, for a decision before there is a request. */
  modes(host: string, port: number): readonly EgressMode[]
}

const refused = (reason: EgressRefusal): EgressDecision => ({ allowed: false, reason })

/**
 * Decides requests by a policy; made once per policy.
 *
 * Errors: `INVALID_INPUT` or `LIMIT_EXCEEDED` for a policy that `checkPolicy` finds a problem in.
 */
export function egressMatcher(policy: Policy): EgressMatcher {
  requireSound(policy)
  const byHost = new Map<string, { readonly rule: Rule; readonly written: EgressRule; readonly index: number }[]>()
  for (const [index, given] of (policy.network?.allow ?? []).entries()) {
    const rule = readRule(given)
    if (rule === undefined) continue
    byHost.set(rule.host, [...(byHost.get(rule.host) ?? []), { rule, written: writeRule(rule), index }])
  }

  return {
    match(request) {
      const host = canonicalHost(request.host)
      if (!host.ok) return refused('unclear-host')
      let left = byHost.get(host.value) ?? []
      if (left.length === 0) return refused('host')
      left = left.filter(({ rule }) => rule.port === request.port)
      if (left.length === 0) return refused('port')
      left = left.filter(({ rule }) => rule.mode === request.mode)
      if (left.length === 0) return refused('mode')
      if (request.mode !== 'tunnel') {
        if (request.method === 'CONNECT' || request.method === 'TRACE') return refused('method')
        left = left.filter(({ rule }) => rule.methods?.includes(request.method) !== false)
        if (left.length === 0) return refused('method')
        const [target = ''] = request.path.split('?', 1)
        const path = canonicalPath(target)
        const takes = ({ paths }: Rule) =>
          paths === undefined ||
          paths.some((stem) => (path.ok ? stemTakes(stem, path.value) : takesAny(stem) && isAbsolutePath(target)))
        left = left.filter(({ rule }) => takes(rule))
        if (left.length === 0) return refused(path.ok ? 'path' : 'unclear-path')
      }
      const [first] = left
      if (first === undefined) return refused('host')
      // Of rules that take one request `checkPolicy` lets none differ in what is added or metered.
      return { allowed: true, rule: first.written, index: first.index, host: host.value }
    },
    modes(text, port) {
      const host = canonicalHost(text)
      const rules = host.ok ? (byHost.get(host.value) ?? []) : []
      return [...new Set(rules.filter(({ rule }) => rule.port === port).map(({ rule }) => rule.mode))]
    },
  }
}

/** Whether a path that servers read in different ways is taken too, since every reading of it is. */
function takesAny(stem: Stem): boolean {
  return stemCovers(stem, { text: '/', open: true })
}

/** Decides one request. Where there are many, make an `egressMatcher`. Errors: as `egressMatcher`. */
export function matchEgress(policy: Policy, request: EgressRequest): EgressDecision {
  return egressMatcher(policy).match(request)
}
