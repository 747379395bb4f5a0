import { isIPv6 } from 'node:net'
import { canonicalHost } from '@seamark/policy'

/** A host and a port that a request names. */
export interface Authority {
  /** In the one spelling of `canonicalHost`: an IPv6 address is without its brackets. */
  readonly host: string
  readonly port: number
}

/** `host`, `host:port`, `[v6]` or `[v6]:port`, in ASCII as HTTP has it. */
export function authorityFrom(text: string, defaultPort?: number): Authority | undefined {
  const [, name, digits] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = name === undefined || !/^[\x21-\x7e]+$/.test(name) ? undefined : canonicalHost(name)
  const port = digits === undefined ? defaultPort : Number(digits)
  if (host?.ok !== true || port === undefined || port < 1 || port > 65_535) return undefined
  return { host: host.value, port }
}

/** How an authority is written in a header and in a URL: without a port where it is the default of https. */
export function written({ host, port }: Authority): string {
  const name = isIPv6(host) ? `[${host}]` : host
  return port === 443 ? name : `${name}:${port}`
}
