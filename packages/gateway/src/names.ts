import { isIPv4, isIPv6 } from 'node:net'

/** A host and a port that a request names. */
export interface Authority {
  /** A name or an IPv4 address in lower case, or an IPv6 address without its brackets in its shortest form. */
  readonly host: string
  readonly port: number
}

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** The one spelling of an IPv6 address. */
function canonical6(address: string): string | undefined {
  if (!isIPv6(address) || address.includes('%')) return undefined
  // A URL writes the address as RFC 5952 does.
  return URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1)
}

/**
 * A host as rules name it: letters in any case, ASCII only. `undefined` for what is not one, and for what some resolvers
 * take for an address and others for a name: `0x7f.1`, `127.1`, `2130706433`, a trailing dot.
 */
export function hostFrom(text: string): string | undefined {
  if (text.length > 253) return undefined
  if (text.startsWith('[') && text.endsWith(']')) return canonical6(text.slice(1, -1))
  const host = text.toLowerCase()
  if (isIPv4(host)) return host
  const labels = host.split('.')
  if (!labels.every((part) => label.test(part))) return undefined
  // The WHATWG rule for what ends in a number: an address, or nothing.
  return /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') ? undefined : host
}

/** `host`, `host:port`, `[v6]` or `[v6]:port`. */
export function authorityFrom(text: string, defaultPort?: number): Authority | undefined {
  const [, name, digits] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = name === undefined ? undefined : hostFrom(name)
  const port = digits === undefined ? defaultPort : Number(digits)
  if (host === undefined || port === undefined || port < 1 || port > 65_535) return undefined
  return { host, port }
}

/** How an authority is written in a header: without a port where it is the default of https. */
export function written({ host, port }: Authority): string {
  const name = isIPv6(host) ? `[${host}]` : host
  return port === 443 ? name : `${name}:${port}`
}
