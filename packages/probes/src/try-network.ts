import { createSocket } from 'node:dgram'
import { resolve4 } from 'node:dns/promises'
import type { TcpNetConnectOpts, IpcNetConnectOpts } from 'node:net'
import { connect } from 'node:net'
import { systemCall } from './programs.ts'
import type { Try } from './targets.ts'

const patienceMs = 1_500
/** Link-local services of AWS, ECS, GCP and Azure; of AWS over IPv6; of Alibaba and of Azure's wire server. */
const metadata = ['169.254.169.254', '169.254.170.2', 'fd00:ec2::254', '100.100.100.200', '168.63.129.16']
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
    run: ({ abstractSocket }) => firstReached([{ path: `\0${abstractSocket}` }]),
  },
  'network/vsock': {
    about: 'It makes a socket to the host of a virtual machine, which no network namespace holds back.',
    run: () => systemCall('socket', '40, 1, 0'),
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
  'network/names': {
    about: 'It resolves a name.',
    run: () => within(resolve4('example.com').then(([address]) => address)),
  },
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

/** Whether it left: a network that is not there refuses it. */
function send(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const end = (sent: boolean): void => {
      clearTimeout(late)
      socket.close()
      resolve(sent)
    }
    const late = setTimeout(end, patienceMs, false)
    socket.once('error', () => end(false))
    socket.send(Buffer.alloc(12), 53, host, (error) => end(error === null))
  })
}

function within<T>(work: Promise<T>): Promise<T | undefined> {
  return Promise.race([
    work.catch(() => undefined),
    new Promise<undefined>((resolve) => setTimeout(resolve, patienceMs, undefined)),
  ])
}
