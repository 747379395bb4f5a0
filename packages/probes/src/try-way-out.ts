import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { IpcNetConnectOpts, TcpNetConnectOpts } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { answers, metadata, networkTries } from './try-network.ts'
import type { Try } from './targets.ts'

/** Where the way out is, inside. */
export const WAY = { folder: '/run/seamark', socket: '/run/seamark/gateway.sock', port: 3_128 } as const

const ways: readonly (TcpNetConnectOpts | IpcNetConnectOpts)[] = [
  { host: '127.0.0.1', port: WAY.port },
  { path: WAY.socket },
]

const greetingMs = 3_000

/** Spellings of the loopback and of what is not public. */
const own = [
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '2130706433',
  '0.0.0.0',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[64:ff9b::7f00:1]',
]
const notPublic = ['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '169.254.1.1', '[fc00::1]', '[fe80::1]']
const ofClouds = ['metadata.google.internal', 'metadata', 'instance-data']
const isPast = (said: Buffer): boolean => /^HTTP\/1\.[01] [23]/.test(said.toString('latin1'))

/** The first host and port to which a way leads that nothing allows: as a tunnel, as a proxy, and as a base URL. */
async function led(wanted: readonly string[]): Promise<string | undefined> {
  const tries = wanted.flatMap((to) =>
    [
      `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`,
      `GET http://${to}/ HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\n\r\n`,
      `GET /to/${to}/ HTTP/1.1\r\nHost: 127.0.0.1:${WAY.port}\r\nConnection: close\r\n\r\n`,
    ].flatMap((said) => ways.map((way) => ({ to, said, way }))),
  )
  const all = await Promise.all(tries.map(({ way, said }) => answers(way, Buffer.from(said), isPast)))
  return tries[all.indexOf(true)]?.to
}

/** Says hello to a listed host, as its tunnel asks for. What comes of it is seen outside. */
function greet(name: string, port: number): Promise<undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: WAY.port }, () =>
      socket.write(`CONNECT ${name}:${port} HTTP/1.1\r\nHost: ${name}:${port}\r\n\r\n`),
    )
    const late = setTimeout(() => socket.destroy(), greetingMs)
    socket.once('data', (said: Buffer) => {
      if (isPast(said)) connectTls({ socket, servername: name }).on('error', () => socket.destroy())
      else socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(late)
      resolve(undefined)
    })
  })
}

/** The network once more, with a way out of which one host is listed: a name of the loopback, with a port on which the host listens. */
export const WAY_TRIES: Readonly<Record<string, Try>> = {
  'network/way/host': {
    about: 'The way out leads it to the host, which no rule names.',
    run: ({ port, addresses }) =>
      led([...own, ...addresses.map((one) => (one.includes(':') ? `[${one}]` : one))].map((host) => `${host}:${port}`)),
  },
  'network/way/metadata': {
    about: 'The way out leads it to the metadata service of a cloud.',
    run: () => led([...metadata, ...ofClouds].map((host) => `${host.includes(':') ? `[${host}]` : host}:80`)),
  },
  'network/way/private': {
    about: 'The way out leads it to an address that is not public.',
    run: () => led(notPublic.map((host) => `${host}:443`)),
  },
  'network/way/address': {
    about: 'The way out leads it to a public address that no rule names.',
    run: () => led(['1.1.1.1:443', '8.8.8.8:53', '[2606:4700:4700::1111]:443', '1.1.1.1:853']),
  },
  'network/way/name': {
    about: 'The way out leads it to a name that no rule names and that carries data.',
    run: () => led(['example.com:443', `${randomBytes(20).toString('hex')}.example.com:443`]),
  },
  'network/way/listed': {
    about: 'A listed name leads it to the host.',
    run: ({ port }) => greet('localhost', port),
  },
  'network/way/beside': {
    about: 'It reaches the network beside the way out.',
    async run(targets) {
      const names = ['host-port', 'abstract-socket', 'metadata', 'address', 'datagram', 'dns-tunnel', 'names']
      const got = await Promise.all(names.map(async (name) => networkTries[`network/${name}`]?.run(targets)))
      return got.find((one) => one !== undefined)
    },
  },
}
