import type { IncomingMessage } from 'node:http'
import { areClean, bodyLength, values } from './headers.ts'
import { authorityFrom, type Authority } from './names.ts'
import type { EgressDecision, RefusalReason } from './options.ts'
import type { EgressMode } from '@seamark/core'
import { targetFrom, type Target } from './target.ts'

/** What a request asks for, read and found unambiguous. */
export interface Asked {
  readonly mode: EgressMode
  readonly method: string
  readonly authority: Authority
  readonly target: Target
  readonly length: number | 'chunked'
}

/** As far as it could be read, for the decision. */
export type Facts = Partial<Pick<EgressDecision, 'mode' | 'method' | 'host' | 'port' | 'path'>>

export type Reading = { readonly asked: Asked } | { readonly reason: RefusalReason; readonly facts: Facts }

/** Where base URLs lead: `/to/host/` or `/to/host:port/`. */
export const ENDPOINT_PREFIX = '/to/'

const httpsPort = 443
const pathCharacters = 1_024
const isInside = (host: string): boolean => host === '127.0.0.1' || host === '::1' || host === 'localhost'

const same = (a: Authority, b: Authority): boolean => a.host === b.host && a.port === b.port

/** Facts of a request whose parts were read. */
export function factsOf({ mode, method, authority: { host, port }, target }: Omit<Asked, 'length'>): Facts {
  return { mode, method, host, port, path: target.path.slice(0, pathCharacters) }
}

/** An origin-form target, and the authority of an absolute one. */
function split(url: string): { readonly path: string; readonly scheme?: string; readonly authority?: string } {
  const [whole, scheme, authority, path] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s.exec(url) ?? []
  if (whole === undefined) return { path: url }
  return {
    scheme: (scheme ?? '').toLowerCase(),
    authority: authority ?? '',
    path: path === '' || path === undefined ? '/' : path,
  }
}

/** `/to/host:port/rest` */
function endpointOf(path: string): { readonly authority: Authority; readonly rest: string } | undefined {
  const [, host = '', rest = ''] = /^\/to\/([^/?]+)(.*)$/s.exec(path) ?? []
  const authority = authorityFrom(host, httpsPort)
  return authority && { authority, rest: rest.startsWith('/') ? rest : `/${rest}` }
}

/**
 * Reads a request. `intercepted` is the host that its connection leads to, where the program sees one.
 *
 * What two servers could read differently is refused: several or contradicting lengths and hosts, an absolute target of
 * another host, control characters, other versions of HTTP.
 */
export function read(
  req: Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>,
  intercepted: Authority | undefined,
  maxHeaders: number,
): Reading {
  const { method = '', url = '', httpVersion, rawHeaders } = req
  const mode = intercepted === undefined ? 'endpoint' : 'intercept'
  const facts: Facts = { mode, method, ...intercepted }
  const length = bodyLength(rawHeaders)
  if (httpVersion !== '1.1' || length === undefined || !areClean(rawHeaders)) return { reason: 'malformed', facts }
  if (rawHeaders.length / 2 > maxHeaders) return { reason: 'too-large', facts }
  if (values(rawHeaders, 'upgrade').length > 0 || values(rawHeaders, 'http2-settings').length > 0)
    return { reason: 'upgrade', facts }

  const hosts = values(rawHeaders, 'host')
  const stated =
    hosts.length === 1 ? authorityFrom(hosts[0] ?? '', intercepted === undefined ? 80 : httpsPort) : undefined
  if (stated === undefined) return { reason: 'authority', facts }
  const { path, scheme, authority } = split(url)
  if (authority !== undefined) {
    const absolute = authorityFrom(authority, scheme === 'http' ? 80 : httpsPort)
    if (absolute === undefined || !same(absolute, stated)) return { reason: 'authority', facts }
    if (intercepted === undefined && (scheme !== 'http' || !isInside(absolute.host)))
      return { reason: 'plain-http', facts: { method, ...absolute } }
    if (intercepted !== undefined && scheme !== 'https') return { reason: 'authority', facts }
  }
  if (intercepted !== undefined && !same(stated, intercepted)) return { reason: 'authority', facts }

  const endpoint = intercepted === undefined ? endpointOf(path) : { authority: intercepted, rest: path }
  if (endpoint === undefined) return { reason: 'not-listed', facts }
  const target = targetFrom(endpoint.rest)
  if (target === undefined) return { reason: 'malformed', facts: { ...facts, ...endpoint.authority } }
  const asked = { mode, method, authority: endpoint.authority, target, length } as const
  if (method === 'TRACE') return { reason: 'method', facts: factsOf(asked) }
  return { asked }
}
