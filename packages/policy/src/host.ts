import { wrong } from './checked.ts'
import type { Checked } from './checked.ts'

const plain = 'Write one host name such as api.example.com, or one address.'
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

function urlHost(text: string): string | undefined {
  try {
    return new URL(`http://${text}/`).hostname
  } catch {
    return undefined
  }
}

/** RFC 5952, without brackets; an IPv4 address that is mapped into IPv6 as the IPv4 address that it is. */
function address6(text: string): Checked<string> {
  const host = /^[0-9a-f:.]+$/i.test(text) ? urlHost(`[${text}]`)?.slice(1, -1) : undefined
  if (host === undefined)
    return wrong('The host holds a ":" and is no IPv6 address.', 'Write a port apart, and an address without a zone.')
  const [, high, low] = mapped.exec(host) ?? []
  if (high === undefined || low === undefined) return { ok: true, value: host }
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16)
  return { ok: true, value: [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.') }
}

/**
 * The one spelling of a host: a name in lower-case ASCII (IDNA as the URL standard has it) without its last dot, an IPv4
 * address as four decimal numbers whatever its spelling (`0x7f.1`, `2130706433`), an IPv6 address as in RFC 5952 without
 * brackets. Hidden characters, percent signs, patterns, ports, zones and whole URLs are refused.
 */
export function canonicalHost(text: string): Checked<string> {
  if (text === '' || text.length > 512) return wrong('The host is empty or longer than any host name.', plain)
  if (/[\p{C}\p{Z}]/u.test(text)) return wrong('The host holds a space or a hidden character.', plain)
  if (text.includes('*')) return wrong('The host is a pattern.', 'Write a rule for each host.')
  if (text.includes('/') || text.includes('@') || text.includes('\\'))
    return wrong('The host is a URL or a path.', 'Write the host alone, and paths in paths.')
  if (text.startsWith('[') && text.endsWith(']')) return address6(text.slice(1, -1))
  if (text.includes(':')) return address6(text)
  // U+3002, U+FF0E and U+FF61 are dots to IDNA.
  if (!/^[A-Za-z0-9._\-\u3002\uFF0E\uFF61\p{L}\p{M}\p{N}]+$/u.test(text))
    return wrong('The host holds a character that no host name has.', plain)
  const host = urlHost(text)?.replace(/\.$/, '')
  if (host === undefined || host.length > 253 || !host.split('.').every((part) => label.test(part)))
    return wrong('The host is no host name and no address.', plain)
  return { ok: true, value: host }
}
