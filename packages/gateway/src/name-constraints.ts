import { isIPv4, isIPv6 } from 'node:net'

/** A DER value: tag, length, contents. */
function tlv(tag: number, contents: Uint8Array): Buffer {
  const { length } = contents
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), contents])
}

/** The bytes of an IPv6 address in its shortest form. */
function bytes6(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const words = (text: string): readonly string[] => (text === '' ? [] : text.split(':'))
  const [before, after] = [words(head), words(tail ?? '')]
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0')
  const all = [...before, ...zeros, ...after].map((word) => Number.parseInt(word, 16))
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]))
}

const dns = (name: string): Buffer => tlv(0x30, tlv(0x82, Buffer.from(name, 'latin1')))
const address = (bytes: Buffer, mask: number): Buffer =>
  tlv(0x30, tlv(0x87, Buffer.concat([bytes, Buffer.alloc(bytes.length, mask)])))

/**
 * The contents of the extension nameConstraints (RFC 5280, section 4.2.1.10) that permit these hosts and nothing else. Of a
 * name the RFC permits its subdomains too. A kind of name without a permitted host is excluded as a whole.
 */
export function nameConstraints(hosts: readonly string[]): Uint8Array {
  const v4 = hosts.filter((host) => isIPv4(host))
  const v6 = hosts.filter((host) => isIPv6(host))
  const names = hosts.filter((host) => !isIPv4(host) && !isIPv6(host))
  const permitted = [
    ...names.map(dns),
    ...v4.map((host) => address(Buffer.from(host.split('.').map(Number)), 255)),
    ...v6.map((host) => address(bytes6(host), 255)),
  ]
  const excluded = [
    ...(names.length === 0 ? [dns('')] : []),
    ...(v4.length === 0 ? [address(Buffer.alloc(4), 0)] : []),
    ...(v6.length === 0 ? [address(Buffer.alloc(16), 0)] : []),
  ]
  const subtrees = [
    ...(permitted.length > 0 ? [tlv(0xa0, Buffer.concat(permitted))] : []),
    ...(excluded.length > 0 ? [tlv(0xa1, Buffer.concat(excluded))] : []),
  ]
  return tlv(0x30, Buffer.concat(subtrees))
}
