import type { EgressRule } from '@seamark/core'
import { NAME } from '@seamark/kit'
import type { Checked } from './checked.ts'
import { canonicalHost } from './host.ts'
import { pathPattern } from './http-path.ts'
import { POLICY_LIMITS } from './limits.ts'
import { meetMethods, meetPaths, readRule, sameWay } from './rule.ts'
import type { Rule } from './rule.ts'

/** Collects problems: `at` is what follows the pointer of what is checked. */
export interface Finder {
  invalid(at: string, message: string, remedy: string): void
  tooMany(at: string, what: string, limit: number): void
  tooBig(at: string, highest: number): void
}

/** Every entry of a list, with its limits of number and length. */
export function checkList(
  list: readonly string[] | undefined,
  at: string,
  limit: number,
  find: Finder,
  check: (text: string) => Checked<unknown>,
): void {
  if (list === undefined) return
  if (list.length > limit) return find.tooMany(at, 'entries', limit)
  for (const [index, text] of list.entries()) {
    const here = `${at}/${index}`
    if (text.length > POLICY_LIMITS.textLength) find.tooMany(here, 'characters', POLICY_LIMITS.textLength)
    else {
      const checked = check(text)
      if (!checked.ok) find.invalid(here, checked.message, checked.remedy)
    }
  }
}

const method = (text: string): Checked<string> => {
  const remedy = 'Write it as clients send it: GET, POST, HEAD, in upper case.'
  if (!/^[A-Z][A-Z0-9_-]*$/.test(text)) return { ok: false, message: 'This is no HTTP method in upper case.', remedy }
  if (text === 'CONNECT' || text === 'TRACE')
    return {
      ok: false,
      message: 'The gateway does not forward CONNECT and TRACE.',
      remedy: 'Use mode: tunnel for a tunnel.',
    }
  return { ok: true, value: text }
}

function checkName(name: string | undefined, at: string, find: Finder): void {
  if (name !== undefined && !NAME.test(name))
    find.invalid(at, 'This is no name.', 'Use 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.')
}

/** What is wrong with one rule alone. */
export function checkRule(rule: EgressRule, at: string, find: Finder): void {
  const host = canonicalHost(rule.host)
  if (!host.ok) find.invalid(`${at}/host`, host.message, host.remedy)
  if (rule.port !== undefined && !(Number.isInteger(rule.port) && rule.port >= 1 && rule.port <= 65_535))
    find.invalid(`${at}/port`, 'This is no port.', 'Write a whole number from 1 to 65535.')
  checkList(rule.methods, `${at}/methods`, POLICY_LIMITS.methods, find, method)
  checkList(rule.paths, `${at}/paths`, POLICY_LIMITS.paths, find, pathPattern)
  for (const field of ['methods', 'paths'] as const)
    if (rule[field]?.length === 0)
      find.invalid(
        `${at}/${field}`,
        'The list is empty, so the rule allows nothing.',
        'Leave out the rule, or this list.',
      )
  checkName(rule.inject, `${at}/inject`, find)
  checkName(rule.meter, `${at}/meter`, find)
  if (rule.mode === 'tunnel') {
    for (const field of ['methods', 'paths', 'inject', 'meter'] as const)
      if (rule[field] !== undefined)
        find.invalid(
          `${at}/${field}`,
          `A tunnel is opaque, so ${field} can not be enforced on it.`,
          'Use mode: endpoint or mode: intercept, or leave the field out.',
        )
  } else if (rule.inject !== undefined && rule.paths === undefined)
    find.invalid(`${at}/inject`, 'A secret is added and no paths are named.', 'Add paths, such as "/v1/messages*".')
}

/** What is wrong with rules beside each other. */
export function checkRules(rules: readonly EgressRule[], at: string, find: Finder): void {
  const byHost = new Map<string, { rule: Rule; index: number }[]>()
  for (const [index, given] of rules.entries()) {
    const rule = readRule(given)
    if (rule === undefined) continue
    const place = `${rule.host} ${rule.port}`
    byHost.set(place, [...(byHost.get(place) ?? []), { rule, index }])
  }
  for (const group of byHost.values()) {
    const inject = group.find(({ rule }) => rule.inject !== undefined)
    const special = inject ?? group.find(({ rule }) => rule.meter !== undefined || rule.mode === 'intercept')
    if (special === undefined) continue
    for (const [position, { rule, index }] of group.entries()) {
      const here = `${at}/${index}`
      if (rule.mode === 'tunnel')
        find.invalid(
          `${here}/mode`,
          `A tunnel goes around rule ${special.index}, which is for the same host and port.`,
          'Leave out the tunnel, or name another host.',
        )
      else if (inject !== undefined && rule.inject === undefined && rule.paths === undefined)
        find.invalid(
          here,
          `Rule ${inject.index} adds a secret to this host, and no paths are named here.`,
          'Add paths.',
        )
      else
        for (const before of group.slice(0, position)) {
          const differ = before.rule.inject !== rule.inject || before.rule.meter !== rule.meter
          if (differ && overlap(before.rule, rule))
            find.invalid(
              here,
              `Rule ${before.index} takes some of the same requests, with another secret or meter.`,
              'Give each its own methods or paths.',
            )
        }
    }
  }
}

function overlap(a: Rule, b: Rule): boolean {
  return sameWay(a, b) && meetMethods(a.methods, b.methods)?.length !== 0 && meetPaths(a.paths, b.paths)?.length !== 0
}
