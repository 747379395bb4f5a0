import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { resolve4 } from 'node:dns/promises'
import { existsSync, readFileSync } from 'node:fs'
import type { TcpNetConnectOpts, IpcNetConnectOpts } from 'node:net'
import { connect } from 'node:net'
import { systemCall } from './programs.ts'
import type { Try } from './targets.ts'

const patienceMs = 1_500
/** Link-local services of AWS, ECS, GCP and Azure; of AWS over IPv6; of Alibaba and of Azure's wire server. */
export const metadata: readonly string[] = [
  '169.254.169.254',
  '169.254.170.2',
  'fd00:ec2::254',
  '100.100.100.200',
  '168.63.129.16',
]
const resolvers = ['1.1.1.1', '8.8.8.8', '2606:4700:4700::1111']

/** The network: in a sandbox without one there is nothing to reach, whatever the host can. */
export const networkTries: Readonly<Record<string, Try>> = {
  'network/host-port': {
    about: 'It reaches a port on which the host listens.',
    run: ({ port, addresses }) => firstReached(['127.0.0.1', '::1', ...addresses].map((host) => ({ host, port }))),
  },
  'network/host-socket': {
    about: 'It reaches a unix socket of the host by its path.',
    run: ({ socket }) => firstReached([{ path: socket }]),
  },
  'network/abstract-socket': {
    about: 'It reaches a unix socket of the host in the abstract namespace.',
    advisories: ['CVE-2020-15257'],
    run: ({ abstractSocket }) => firstReached([{ path: `\0${abstractSocket}` }]),
  },
  'network/vsock': {
    about: 'It makes a socket to the host of a virtual machine, which no network namespace holds back.',
    advisories: ['CVE-2021-26708'],
    run: () => systemCall('socket', '40, 1, 0'),
  },
  'network/raw-socket': {
    about: 'It makes a socket for packets of a protocol of its own choice.',
    advisories: ['CVE-2020-13401'],
    // AF_INET and AF_INET6, with ICMP.
    run: () => systemCall('socket', '2, 3, 1') ?? systemCall('socket', '10, 3, 58'),
  },
  'network/packet-socket': {
    about: 'It makes a socket for all packets of a network.',
    advisories: ['CVE-2017-7308', 'CVE-2020-14386'],
    // AF_PACKET, with every protocol.
    run: () => systemCall('socket', '17, 3, 768'),
  },
  'network/metadata': {
    about: 'It reaches the metadata service of a cloud.',
    run: () => firstReached(metadata.map((host) => ({ host, port: 80 }))),
  },
  'network/address': {
    about: 'It reaches an address of the internet.',
    run: () => firstReached(resolvers.map((host) => ({ host, port: 443 }))),
  },
  'network/datagram': {
    about: 'It sends a datagram to a resolver of its own choice.',
    run: async () => {
      const sent = await Promise.all(resolvers.map((host) => send(host)))
      return resolvers[sent.indexOf(true)]
    },
  },
  'network/dns-tunnel': {
    about: 'It gets an answer of a resolver to a name that carries data.',
    advisories: ['CVE-2025-55284'],
    run: async () => {
      const answered = await Promise.all(resolversInside().map((host) => ask(host)))
      return resolversInside()[answered.indexOf(true)]
    },
  },
  'network/connect-relay': {
    about:
      'A proxy that it finds, by its variables too, leads it to the host, to a metadata service or to an address of the internet.',
    advisories: ['CVE-2016-5385'],
    run: async ({ port }) => {
      const wanted = [`127.0.0.1:${port}`, `localhost:${port}`, '169.254.169.254:80', '1.1.1.1:443', '[::1]:443']
      const tries = relays().flatMap((relay) => wanted.map((to) => ({ relay, to })))
      const led = await Promise.all(tries.map(({ relay, to }) => leads(relay, to)))
      return tries[led.indexOf(true)]?.to
    },
  },
  'network/names': {
    about: 'It resolves a name.',
    run: () => within(resolve4('example.com').then(([address]) => address)),
  },
}

/** Where a program may find a proxy: what variables name, the port of the forwarder, others that are usual, and the gateway's socket. */
function relays(): readonly (TcpNetConnectOpts | IpcNetConnectOpts)[] {
  return [
    ...proxiesOf(process.env),
    ...[3128, 8080, 8888, 1080].map((port) => ({ host: '127.0.0.1', port })),
    { path: '/run/seamark/gateway.sock' },
  ]
}

/** Variables such as `https_proxy`, `ALL_PROXY` and `npm_config_proxy`. */
function proxiesOf(env: NodeJS.ProcessEnv): TcpNetConnectOpts[] {
  return Object.entries(env).flatMap(([name, text = '']) => {
    if (!/proxy$/i.test(name) || !URL.canParse(text)) return []
    const { hostname, port, protocol } = new URL(text)
    const usual = protocol === 'https:' ? 443 : protocol.startsWith('socks') ? 1080 : 80
    return [{ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) }]
  })
}

/** Resolvers that are configured inside, those that systems and engines listen with, and public ones. */
function resolversInside(): string[] {
  const text = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : ''
  const configured = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, host = '']) => host)
  return [...configured, '127.0.0.53', '127.0.0.11', '127.0.0.1', ...resolvers]
}

/** A question for the text of a name whose first label is data (RFC 1035). */
function question(): Buffer {
  const labels = [randomBytes(20).toString('hex'), 'example', 'com']
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label)])
  return Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 0, 16, 0, 1])
}

/** Whether a resolver answers, over a datagram or a stream. */
async function ask(host: string): Promise<boolean> {
  const asked = question()
  const framed = Buffer.concat([Buffer.from([0, asked.length]), asked])
  const [datagram, stream] = await Promise.all([
    send(host, asked, true),
    answers({ host, port: 53 }, framed, (said) => said.length > 2),
  ])
  return datagram || stream
}

function leads(relay: TcpNetConnectOpts | IpcNetConnectOpts, to: string): Promise<boolean> {
  const request = `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`
  return answers(relay, Buffer.from(request), (said) => /^HTTP\/1\.[01] 2/.test(said.toString('latin1')))
}

/** Whether what is said to someone gets an answer of a kind. */
export function answers(
  to: TcpNetConnectOpts | IpcNetConnectOpts,
  saying: Buffer,
  isOne: (said: Buffer) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to, () => socket.write(saying))
    const end = (answered: boolean): void => {
      clearTimeout(late)
      socket.destroy()
      resolve(answered)
    }
    const late = setTimeout(end, patienceMs, false)
    socket.once('data', (said: Buffer) => end(isOne(said)))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}

async function firstReached(all: readonly (TcpNetConnectOpts | IpcNetConnectOpts)[]): Promise<string | undefined> {
  const reached = await Promise.all(all.map(reach))
  const found = all[reached.indexOf(true)]
  if (found === undefined) return undefined
  return 'path' in found ? found.path.replace('\0', '@') : `${found.host} port ${found.port}`
}

function reach(to: TcpNetConnectOpts | IpcNetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to)
    const end = (reached: boolean): void => {
      clearTimeout(late)
      socket.destroy()
      resolve(reached)
    }
    const late = setTimeout(end, patienceMs, false)
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

/** Whether it left, or with `answered` whether it was answered: a network that is not there refuses it. */
function send(host: string, bytes: Buffer = Buffer.alloc(12), answered = false): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const end = (sent: boolean): void => {
      clearTimeout(late)
      socket.close()
      resolve(sent)
    }
    const late = setTimeout(end, patienceMs, false)
    socket.once('error', () => end(false))
    socket.once('message', () => end(true))
    socket.send(bytes, 53, host, (error) => {
      if (error !== null || !answered) end(error === null)
    })
  })
}

function within<T>(work: Promise<T>): Promise<T | undefined> {
  return Promise.race([
    work.catch(() => undefined),
    new Promise<undefined>((resolve) => setTimeout(resolve, patienceMs, undefined)),
  ])
}
