import { serveGit } from '@seamark/testing-services'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { listenOn } from './loopback.ts'
import { certificates } from './registry.ts'

/** Names that lead to loopback only where `hosts` is the table of names. */
export const PYPI = 'pypi.acme.example'
export const APT = 'apt.acme.example'
export const GIT = 'git.acme.example'
export const FILES = 'files.acme.example'

/** Hosts on loopback, behind TLS, that tell nobody anything without user and password. */
export interface PrivateHosts {
  readonly port: number
  readonly user: string
  readonly password: string
  /** Authority of their certificate, a file. */
  readonly ca: string
  /** A file to take for /etc/hosts. */
  readonly hosts: string
  readonly seen: { readonly host: string; readonly path: string; readonly authorized: boolean }[]
  stop(): Promise<void>
}

/** Where the files of a host are, below the folder of all. */
const folders: Readonly<Record<string, string>> = { [PYPI]: 'pypi', [APT]: 'apt', [FILES]: 'files' }

export interface Wheel {
  /** As a line of a file of requirements, with its digest. */
  readonly requirement: string
  readonly path: string
}

/** A wheel with modules, by their paths, below `pypi` of a folder, and the page of PEP 503 that names it. */
export function wheel(dir: string, name: string, modules: Readonly<Record<string, string>>): Wheel {
  const file = `${name}-1.0.0-py3-none-any.whl`
  const of = join(dir, 'pypi', 'packages', 'ab', 'cd', '0'.repeat(60))
  const page = join(dir, 'pypi', 'simple', name)
  for (const folder of [of, page]) mkdirSync(folder, { recursive: true })
  const info = `${name}-1.0.0.dist-info`
  const content = {
    ...modules,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.0\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: [...Object.keys(modules), `${info}/METADATA`, `${info}/WHEEL`, `${info}/RECORD`]
      .map((path) => `${path},,\n`)
      .join(''),
  }
  const zip =
    'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w")\nfor n,t in json.load(sys.stdin).items(): z.writestr(n,t)\nz.close()'
  execFileSync('python3', ['-c', zip, join(of, file)], { input: JSON.stringify(content) })
  const digest = createHash('sha256')
    .update(readFileSync(join(of, file)))
    .digest('hex')
  const path = `/packages/ab/cd/${'0'.repeat(60)}/${file}`
  writeFileSync(join(page, 'index.html'), `<!DOCTYPE html><a href="${path}#sha256=${digest}">${file}</a>\n`)
  return { requirement: `${name}==1.0.0 --hash=sha256:${digest}\n`, path }
}

/** Packages of Debian with one file each, below `apt` of a folder, and an index of them without a signature. */
export function debianPackages(dir: string, names: readonly string[]): void {
  const archive = join(dir, 'apt', 'stable')
  mkdirSync(archive, { recursive: true })
  const entries = names.map((name) => {
    const built = join(dir, 'built', name)
    mkdirSync(join(built, 'DEBIAN'), { recursive: true })
    writeFileSync(join(built, name), `${name}\n`)
    const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@b.example>\nDescription: of a test\n`
    writeFileSync(join(built, 'DEBIAN', 'control'), control)
    const file = join(archive, `${name}_1.0_all.deb`)
    execFileSync('dpkg-deb', ['--build', '--root-owner-group', built, file], { stdio: 'pipe' })
    const bytes = readFileSync(file)
    const digest = createHash('sha256').update(bytes).digest('hex')
    return `${control}Filename: stable/${name}_1.0_all.deb\nSize: ${bytes.length}\nSHA256: ${digest}\n`
  })
  writeFileSync(join(archive, 'Packages'), entries.join('\n'))
}

export async function privateHosts(dir: string): Promise<PrivateHosts> {
  mkdirSync(dir, { recursive: true })
  certificates(dir, [PYPI, APT, GIT, FILES])
  writeFileSync(join(dir, 'hosts'), `127.0.0.1 localhost\n127.0.0.2 ${PYPI} ${APT} ${GIT} ${FILES}\n`)
  const user = 'robot'
  const password = 'pw-Zq80123456789abcdef'
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const seen: PrivateHosts['seen'] = []
  const tls = { key: readFileSync(join(dir, 'host.key')), cert: readFileSync(join(dir, 'host.pem')) }
  const server = createServer(tls, (req, res) => {
    const [host = ''] = (req.headers.host ?? '').split(':')
    const [path = ''] = (req.url ?? '').split('?')
    const authorized = req.headers.authorization === wanted
    seen.push({ host, path, authorized })
    if (!authorized) return void res.writeHead(401, { 'www-authenticate': 'Basic realm="private"' }).end()
    if (host === GIT) return serveGit(join(dir, 'git'), req, res)
    try {
      const file = path.endsWith('/') ? `${path}index.html` : path
      const bytes = readFileSync(join(dir, folders[host] ?? 'none', file))
      const type = file.endsWith('.html') ? 'text/html' : 'application/octet-stream'
      res.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes)
    } catch {
      res.writeHead(404).end()
    }
  })
  const port = await listenOn(server, ['127.0.0.2'])
  return {
    port,
    user,
    password,
    ca: join(dir, 'ca.pem'),
    hosts: join(dir, 'hosts'),
    seen,
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
