import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { ListenOptions, Server } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Targets } from './targets.ts'

/** What is laid out on the host to be reached, and what was reached of it. */
export interface LaidOut {
  readonly targets: Targets
  /** Connections that arrived. */
  arrived(): number
  /** Whether the process outside still runs. */
  alive(): boolean
  close(): Promise<void>
}

/** What programs on a host start commands from: git, agents, editors. */
const commandsFrom = [
  '.git/config',
  '.git/hooks/post-commit',
  '.mcp.json',
  '.claude/settings.json',
  '.cursor/mcp.json',
  '.vscode/tasks.json',
]

/** Lays out files, listeners and a process, all readable and reachable for any user of the host. */
export async function layOut(dir: string): Promise<LaidOut> {
  const canary = `seamark-canary-${randomBytes(16).toString('hex')}`
  const shared = mkdtempSync(join(tmpdir(), 'seamark-probe-'))
  const other = join(dir, 'probe-other-item')
  mkdirSync(other, { recursive: true })
  for (const folder of [shared, other]) chmodSync(folder, 0o755)
  const files = [join(shared, 'file'), join(other, 'file')]
  for (const path of files) writeFileSync(path, canary, { mode: 0o644 })
  const configurations = commandsFrom.map((path) => join(shared, 'repository', path))
  for (const path of configurations) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
    // Nothing but the wall keeps it from being written.
    chmodSync(path, 0o666)
  }

  let arrived = 0
  const servers: Server[] = []
  const listen = (options: ListenOptions): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        arrived++
        socket.destroy()
      })
      server.once('error', reject)
      server.listen(options, () => {
        servers.push(server)
        resolve(server)
      })
    })
  const socket = join(shared, 'socket')
  const abstractSocket = canary
  await listen({ path: socket, readableAll: true, writableAll: true })
  if (process.platform === 'linux') await listen({ path: `\0${abstractSocket}` })
  // On the loopback address only: the host's other addresses lead to it in a network namespace that is the host's.
  const tcp = (await listen({ host: '127.0.0.1', port: 0 })).address()
  const outside = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', canary], {
    env: { SEAMARK_CANARY: canary },
    stdio: 'ignore',
  })

  return {
    targets: {
      canary,
      files,
      folders: [shared, other],
      configurations,
      socket,
      abstractSocket,
      port: typeof tcp === 'object' && tcp !== null ? tcp.port : 0,
      addresses: Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
      pid: outside.pid ?? 0,
    },
    arrived: () => arrived,
    alive: () => outside.exitCode === null && outside.signalCode === null,
    async close() {
      outside.kill('SIGKILL')
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
      for (const folder of [shared, other]) rmSync(folder, { recursive: true, force: true })
    },
  }
}
