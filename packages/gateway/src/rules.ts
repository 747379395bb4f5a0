import type { EgressMode, EgressRule, Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { canonicalHost, checkPolicy, egressMatcher, type EgressMatcher, type EgressRefusal } from '@seamark/policy'
import type { Meters } from './meters.ts'
import { authorityFrom, type Authority } from './names.ts'
import type { RefusalReason } from './options.ts'
import { takesFromElsewhere } from './signing.ts'
import type { SignableRequest } from './sigv4-port.ts'

/** The rules of an attempt, checked. */
export interface Rules {
  /** Hosts and ports of a mode, each once, in one spelling. */
  readonly hosts: (mode: EgressMode) => readonly Authority[]
  readonly matcher: EgressMatcher
}

const httpsPort = 443

/**
 * Errors: what `checkPolicy` of `@seamark/policy` finds, and `INVALID_INPUT` for a secret that nothing says how to add, and for
 * a meter that there is none of or that can not read calls to the host, each with its place.
 */
export function checkRules(allow: readonly EgressRule[], credentials: ReadonlySet<string>, meters: Meters): Rules {
  const policy = { network: { allow } }
  const problems: readonly Problem[] = [
    ...checkPolicy(policy).map((problem) => ({
      ...problem,
      place: { pointer: (problem.place?.pointer ?? '').replace('/network/allow', '/rules') },
    })),
    ...allow.flatMap(({ host, inject, meter }, index) => [
      ...(inject === undefined || credentials.has(inject)
        ? []
        : [
            {
              code: 'INVALID_INPUT' as const,
              message: 'How this secret is added is not configured.',
              remedy: 'Have the deployment configure a credential of this name.',
              place: { pointer: `/rules/${index}/inject` },
            },
          ]),
      ...(meter === undefined || isRead(meters, meter, host)
        ? []
        : [
            {
              code: 'INVALID_INPUT' as const,
              message: 'There is no meter of this name that can read calls to this host.',
              remedy: 'Have the deployment say in egress.meters whose API the host speaks.',
              place: { pointer: `/rules/${index}/meter` },
            },
          ]),
    ]),
  ]
  const [first] = problems
  if (first !== undefined) throw new SeamError(first.code, first.message, { problems })
  return {
    matcher: egressMatcher(policy),
    hosts(mode) {
      const found = allow.flatMap(({ host: text, port = httpsPort, mode: way }) => {
        const host = canonicalHost(text)
        return way === mode && host.ok ? [{ host: host.value, port }] : []
      })
      return [...new Map(found.map((authority) => [`${authority.host} ${authority.port}`, authority])).values()]
    },
  }
}

function isRead(meters: Meters, name: string, host: string): boolean {
  const known = canonicalHost(host)
  return known.ok && meters.reads(name, known.value)
}

/** Whether a rule has such a request signed with a secret: its host is the one that is signed, and its path all it names. */
export function mayBeSigned(
  allow: readonly EgressRule[],
  name: string,
  { method, path, query, headers }: SignableRequest,
): boolean {
  const authority = authorityFrom(headers['host'] ?? '', httpsPort)
  if (authority === undefined) return false
  if (takesFromElsewhere([...Object.keys(headers), ...query.map(([parameter]) => parameter)])) return false
  const matcher = egressMatcher({ network: { allow } })
  return (['endpoint', 'intercept'] as const).some((mode) => {
    const found = matcher.match({ ...authority, mode, method, path })
    return found.allowed && found.rule.inject === name
  })
}

/** Why no rule allows a request, in the words of a decision. */
export const REASONS: Readonly<Record<EgressRefusal, RefusalReason>> = {
  host: 'not-listed',
  port: 'not-listed',
  mode: 'wrong-mode',
  method: 'method',
  path: 'path',
  'unclear-host': 'authority',
  'unclear-path': 'ambiguous-path',
}
