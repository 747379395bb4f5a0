import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { SeamError } from '@seamark/kit'

// IANA's special-purpose registries (RFC 6890), multicast and reserved; Azure's wire server, which is in no range.
const refused4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

// Only global unicast is public at all: loopback, mapped, NAT64, ULA, link-local and multicast are outside of it.
const public6 = '2000::/3'

// Within it: Teredo and other protocol assignments, documentation, 6to4, AS112.
const refused6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

// Where clouds hand out credentials. No deployment can grant them.
const metadata = [
  '168.63.129.16/32',
  '169.254.169.0/24',
  '169.254.170.0/24',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
]

// Embed another address, or stand for one; a grant of the range would grant what can not be seen in it.
const disguised6 = [
  '::/96',
  '::ffff:0:0/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
]

interface Ranges {
  readonly has: (address: string) => boolean
}

/** Two lists: Node takes IPv4 and IPv4-mapped addresses for one another in a single one. */
function ranges(cidrs: readonly string[]): Ranges {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const cidr of cidrs) {
    const [address = '', prefix = ''] = cidr.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    lists[family].addSubnet(address, Number(prefix), family)
  }
  return {
    has: (address) => (isIPv4(address) ? lists.ipv4.check(address, 'ipv4') : lists.ipv6.check(address, 'ipv6')),
  }
}

const never = ranges([...metadata, ...disguised6])
const notPublic = ranges([...refused4, ...refused6])
const global = ranges([public6])

function checkRange(cidr: string, index: number): void {
  const [, address = '', prefix = ''] = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/.exec(cidr) ?? []
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
  if (prefix !== '' && Number(prefix) <= longest) return
  throw new SeamError('INVALID_INPUT', 'A private range is not an address and a prefix length.', {
    place: { pointer: `/privateRanges/${index}` },
    remedy: 'Write it like 10.20.0.0/16.',
  })
}

/**
 * Which addresses may be connected to: public ones, and those in the granted ranges (CIDR), without metadata services and
 * without IPv6 addresses that embed IPv4 ones. Errors: `INVALID_INPUT` for what is no range.
 */
export function addressFilter(granted: readonly string[]): (address: string) => boolean {
  granted.forEach(checkRange)
  const isGranted = ranges(granted)
  return (address) => {
    if (!isIPv4(address) && (!isIPv6(address) || address.includes('%'))) return false
    if (never.has(address)) return false
    if (isGranted.has(address)) return true
    return !notPublic.has(address) && (isIPv4(address) || global.has(address))
  }
}
