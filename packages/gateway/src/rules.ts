import type { EgressMode, EgressRule, Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { hostFrom, type Authority } from './names.ts'
import { isIPv6 } from 'node:net'
import type { DecisionReason } from './options.ts'
import { isPathPattern, pathMatches, type Target } from './path.ts'

/** A rule with its port. */
export interface Rule extends EgressRule {
  readonly port: number
}

const httpsPort = 443

function problemsOf(rule: EgressRule, credentials: ReadonlySet<string>): readonly (readonly [string, string])[] {
  const { host, port = httpsPort, mode, methods, paths, inject } = rule
  const isName = hostFrom(isIPv6(host) ? `[${host}]` : host) === host
  return [
    ...(isName
      ? []
      : [['/host', 'The host is not a name in lower-case ASCII, or an address in its shortest form.'] as const]),
    ...(Number.isInteger(port) && port >= 1 && port <= 65_535 ? [] : [['/port', 'That is not a port.'] as const]),
    ...(mode === 'tunnel' && (methods ?? paths ?? inject) !== undefined
      ? [['/mode', 'A tunnel is opaque: it takes no methods, paths or inject.'] as const]
      : []),
    ...(methods?.every((method) => /^[A-Z]{1,20}$/.test(method) && method !== 'CONNECT' && method !== 'TRACE') === false
      ? [['/methods', 'A method is not one in upper case that can be forwarded.'] as const]
      : []),
    ...(paths?.every(isPathPattern) === false ? [['/paths', 'A path can be read in more than one way.'] as const] : []),
    ...(inject !== undefined && paths === undefined
      ? [['/paths', 'A rule with inject names the paths.'] as const]
      : []),
    ...(inject !== undefined && !credentials.has(inject)
      ? [['/inject', 'How this secret is added is not configured.'] as const]
      : []),
  ]
}

/** Rules with their ports. Errors: `INVALID_INPUT` with all problems and their places. */
export function checkRules(rules: readonly EgressRule[], credentials: ReadonlySet<string>): readonly Rule[] {
  const problems: Problem[] = rules.flatMap((rule, index) =>
    problemsOf(rule, credentials).map(([field, message]) => ({
      code: 'INVALID_INPUT' as const,
      message,
      place: { pointer: `/rules/${index}${field}` },
    })),
  )
  const checked = rules.map((rule) => ({ ...rule, port: rule.port ?? httpsPort }))
  const opaque = new Set(checked.filter(({ mode }) => mode === 'tunnel').map(({ host, port }) => `${host} ${port}`))
  checked.forEach(({ host, port, mode }, index) => {
    if (mode === 'intercept' && opaque.has(`${host} ${port}`))
      problems.push({
        code: 'INVALID_INPUT',
        message: 'A host is both a tunnel and intercepted.',
        place: { pointer: `/rules/${index}/mode` },
      })
  })
  const [first] = problems
  if (first !== undefined) throw new SeamError('INVALID_INPUT', first.message, { problems })
  return checked
}

/** The rules that name a host and a port. */
export function rulesFor(rules: readonly Rule[], { host, port }: Authority): readonly Rule[] {
  return rules.filter((rule) => rule.host === host && rule.port === port)
}

export type Match = { readonly rule: Rule } | { readonly reason: DecisionReason }

/** The first rule that allows a request, or why none does. A path that can be read in two ways matches no rule with paths. */
export function match(
  rules: readonly Rule[],
  asked: Authority & { readonly mode: EgressMode; readonly method: string; readonly target: Target },
): Match {
  const ofHost = rulesFor(rules, asked)
  if (ofHost.length === 0) return { reason: 'not-listed' }
  const ofMode = ofHost.filter(({ mode }) => mode === asked.mode)
  if (ofMode.length === 0) return { reason: 'wrong-mode' }
  const ofMethod = ofMode.filter(({ methods }) => methods === undefined || methods.includes(asked.method))
  if (ofMethod.length === 0) return { reason: 'method' }
  const { path, ambiguous } = asked.target
  const rule = ofMethod.find(
    ({ paths }) => paths === undefined || (!ambiguous && paths.some((pattern) => pathMatches(pattern, path))),
  )
  return rule === undefined ? { reason: ambiguous ? 'ambiguous-path' : 'path' } : { rule }
}
