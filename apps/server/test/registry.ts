import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { createRequire } from 'node:module'
import { createServer as createSocket, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { until } from './seamark.ts'

/** A registry of npm on loopback, behind TLS, that tells nobody anything without its token. */
export interface Registry {
  readonly port: number
  readonly token: string
  /** Authority of its certificate, a file. */
  readonly ca: string
  /** A file to take for /etc/hosts. */
  readonly hosts: string
  readonly seen: { readonly url: string; readonly authorization: string | undefined }[]
  /** Makes a package with one file and publishes it. Its tarball, and what a lock file says of it. */
  publish(name: string, content: string): Promise<Published>
  /** From now on nothing answers. Idempotent. */
  stop(): Promise<void>
}

export interface Published {
  readonly name: string
  readonly path: string
  readonly integrity: string
}

async function freePort(): Promise<number> {
  const socket = createSocket()
  socket.listen(0, '127.0.0.1')
  await new Promise((done) => socket.once('listening', done))
  const { port } = socket.address() as AddressInfo
  await new Promise((done) => socket.close(done))
  return port
}

/** The name of the registry, which leads to loopback only where `hosts` is the table of names. */
export const HOST = 'npm.acme.example'

/** Makes an authority (`ca.pem`) and a certificate of these names (`host.pem`, `host.key`) in a folder. */
export function certificates(dir: string, hosts: readonly string[]): void {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority')
  openssl('req', ...key, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host')
  writeFileSync(join(dir, 'ext'), `subjectAltName=${hosts.map((host) => `DNS:${host}`).join()}\n`)
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext']
  openssl('x509', '-req', '-in', 'host.csr', ...signed, '-out', 'host.pem')
}

async function put(url: string, body: object, token?: string): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** Verdaccio, as it is on npm. */
function start(dir: string, port: number): ChildProcess {
  writeFileSync(
    join(dir, 'config.yaml'),
    `storage: ${join(dir, 'storage')}
auth: { htpasswd: { file: ${join(dir, 'htpasswd')} } }
uplinks: {}
packages: { '**': { access: $authenticated, publish: $authenticated } }
log: { type: stdout, level: error }
web: { enable: false }
`,
  )
  const program = join(dirname(createRequire(import.meta.url).resolve('verdaccio/package.json')), 'bin', 'verdaccio')
  const args = [program, '--config', join(dir, 'config.yaml'), '--listen', `127.0.0.1:${port}`]
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawn(process.execPath, args, { cwd: dir, env, stdio: 'ignore' })
}

export async function registry(dir: string): Promise<Registry> {
  mkdirSync(dir, { recursive: true })
  certificates(dir, [HOST])
  writeFileSync(join(dir, 'hosts'), `127.0.0.1 localhost\n127.0.0.2 ${HOST}\n`)
  const inner = await freePort()
  const child = start(dir, inner)
  const ended = new Promise((done) => child.once('exit', done))
  const base = `http://127.0.0.1:${inner}`
  const alive = () => fetch(`${base}/-/ping`).then(({ ok }) => ok, () => false) // prettier-ignore
  await until(alive, 60_000)
  const name = 'ci'
  const user = { _id: `org.couchdb.user:${name}`, name, password: 'for-one-test-1', type: 'user', roles: [] }
  const made = await put(`${base}/-/user/org.couchdb.user:${name}`, { ...user, date: new Date(0).toISOString() })
  const token = String(Reflect.get(Object(made), 'token'))

  const seen: Registry['seen'] = []
  const pass = (req: IncomingMessage, res: ServerResponse): void => {
    seen.push({ url: req.url ?? '', authorization: req.headers.authorization })
    const sent = request(`${base}${req.url}`, { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(res)
    })
    sent.on('error', () => res.destroy())
    req.pipe(sent)
  }
  const tls = { key: readFileSync(join(dir, 'host.key')), cert: readFileSync(join(dir, 'host.pem')) }
  const server: Server = createServer(tls, pass)
  server.listen(0, '127.0.0.2')
  await new Promise((done) => server.once('listening', done))

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    child.kill('SIGKILL')
    await ended
  }

  return {
    port: (server.address() as AddressInfo).port,
    token,
    ca: join(dir, 'ca.pem'),
    hosts: join(dir, 'hosts'),
    seen,
    async publish(of, content) {
      const folder = join(dir, 'made', of)
      mkdirSync(join(folder, 'package'), { recursive: true })
      const about = { name: of, version: '1.0.0', main: 'index.js' }
      writeFileSync(join(folder, 'package', 'package.json'), JSON.stringify(about))
      writeFileSync(join(folder, 'package', 'index.js'), content)
      execFileSync('tar', ['-czf', 'made.tgz', 'package'], { cwd: folder })
      const bytes = readFileSync(join(folder, 'made.tgz'))
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
      const file = `${of.split('/').at(-1)}-1.0.0.tgz`
      const dist = {
        integrity,
        shasum: createHash('sha1').update(bytes).digest('hex'),
        tarball: `${base}/${of}/-/${file}`,
      }
      const attachment = {
        content_type: 'application/octet-stream',
        data: bytes.toString('base64'),
        length: bytes.length,
      }
      const whole = {
        _id: of,
        name: of,
        'dist-tags': { latest: '1.0.0' },
        versions: { '1.0.0': { ...about, dist } },
        _attachments: { [file]: attachment },
      }
      await put(`${base}/${of.replace('/', '%2f')}`, whole, token)
      return { name: of, path: `/${of}/-/${file}`, integrity }
    },
    stop: () => (stopped ??= stop()),
  }
}
