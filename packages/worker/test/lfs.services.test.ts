import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createProxy } from 'node:http'
import type { Server } from 'node:https'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { serveGit } from '@seamark/testing-services'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { GitCredential } from '../src/git-credentials.ts'
import { gitTools } from '../src/git-tools.ts'
import { gitWorkspacesWith } from '../src/git-workspaces.ts'
import { namespaceLayout } from '../src/layout.ts'
import { makeRoom } from '../src/room.ts'
import type { LfsServing } from './lfs-server.ts'
import { serveLfs } from './lfs-server.ts'
import { refusal, repository, sh, temporary, write } from './repository.ts'
import type { SshServer } from './ssh-server.ts'
import { serveSsh } from './ssh-server.ts'

const dir = temporary()
const root = join(dir, 'served')
const serving: LfsServing = { root, asked: [] }
let server: Server
let host = ''
let n = 0
const fresh = (name: string) => join(dir, `${name}${n++}`)
const big = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31) % 251))
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Made by git-lfs itself: a file that it keeps, one that is empty, and a pointer that no attribute names. */
function made(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const work = fresh('made')
  mkdirSync(work)
  sh(work, 'git init -q -b main . && git lfs install --local >/dev/null && git lfs track "*.bin" >/dev/null')
  write(work, {
    'a.bin': big,
    'd/ü b.bin': 'small\n',
    'empty.bin': '',
    'plain.txt': `version https://git-lfs.github.com/spec/v1\noid sha256:${sha(big)}\nsize ${big.length}\n`,
    ...files,
  })
  sh(work, 'chmod +x "d/ü b.bin"; git add -A && git commit -q -m base')
  return work
}

function served(work: string, name: string): string {
  const bare = join(root, name)
  mkdirSync(join(bare, '..'), { recursive: true })
  sh(dir, `git clone -q --bare '${work}' '${bare}' && cp -r '${work}/.git/lfs' '${bare}/lfs'`)
  return bare
}

type Given = {
  lfs?: string[]
  credentials?: GitCredential[]
  env?: Record<string, string>
  path?: string
  limits?: object
}

function workerOf(more: Given = {}) {
  const { limits = {}, env = {}, ...git } = more
  const at = fresh('worker')
  const tools = gitTools({ dir: at, limits, git: { ...git, env: { GIT_SSL_CAINFO: join(dir, 'ca.pem'), ...env } } })
  return { at, tools, workspaces: gitWorkspacesWith(tools) }
}

async function filled(worker: ReturnType<typeof workerOf>, git: string, more: object = {}) {
  const workspace = await worker.workspaces.resolve({ git, from: '/', lfs: true, ...more })
  if (workspace.type !== 'git') throw new Error(workspace.type)
  const into = fresh('attempt')
  mkdirSync(into)
  await worker.workspaces.materialize(workspace, into)
  return { workspace, into }
}

beforeAll(async () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', '-x509', ...key, ...names, '-keyout', 'ca.key', '-out', 'ca.pem'], { cwd: dir, stdio: 'pipe' }) // prettier-ignore
  const read = (name: string) => readFileSync(join(dir, name))
  server = createServer({ key: read('ca.key'), cert: read('ca.pem') }, (req, res) => {
    if (serveLfs(serving, host, req, res)) return
    if (serving.closed !== true || req.headers.authorization === serving.token) return serveGit(root, req, res)
    res.writeHead(401, { 'www-authenticate': 'Basic realm="closed"' }).end()
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  host = `https://localhost:${address.port}`
})

beforeEach(() => {
  serving.asked.length = 0
  delete serving.token
  delete serving.closed
  delete serving.tampered
  delete serving.redirects
  delete serving.breaks
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

describe('files of Git LFS', () => {
  it('come from what a local repository has of them, and stay when it is gone', async () => {
    const work = made()
    const worker = workerOf()
    const { workspace, into } = await filled(worker, work)
    expect(workspace).toMatchObject({ lfs: join(work, '.git') })
    expect(readFileSync(join(into, 'a.bin'))).toEqual(big)
    expect(sh(into, 'cat d/*.bin; test -x d/*.bin; git status --porcelain')).toBe('small\n')
    expect(readFileSync(join(into, 'plain.txt'), 'latin1')).toMatch(/^version /)
    expect(sh(into, 'git config --list --local; ls .git/hooks 2>/dev/null || true')).not.toMatch(/lfs/)
    expect(sh(into, 'find . -type f -links +1')).toBe('')
    rmSync(work, { recursive: true })
    const again = fresh('attempt')
    mkdirSync(again)
    await worker.workspaces.materialize(workspace, again)
    expect(readFileSync(join(again, 'a.bin'))).toEqual(big)
  })

  it('are in no patch while they are as they were, and nothing else of them can be', async () => {
    const worker = workerOf({ limits: { maxFileBytes: 1_000 } })
    const work = made()
    const { workspace, into } = await filled(worker, work)
    writeFileSync(join(into, 'new.txt'), 'x\n')
    sh(into, 'touch a.bin')
    expect(await worker.workspaces.diff(workspace, into)).toMatchObject({
      files: [{ path: 'new.txt', change: 'added' }],
    })
    // As git itself would leave it.
    sh(into, 'git cat-file blob HEAD:a.bin > a.bin')
    expect(await worker.workspaces.diff(workspace, into)).toMatchObject({ files: [{ path: 'new.txt' }] })
    for (const line of [
      'printf x >> a.bin',
      `dd if=/dev/zero of=a.bin bs=${big.length} count=1 2>/dev/null`,
      'rm a.bin',
      'chmod +x a.bin',
      'rm a.bin; ln -s new.txt a.bin',
      'rm a.bin; mkdir a.bin; echo > a.bin/in',
    ]) {
      const one = fresh('attempt')
      mkdirSync(one)
      await worker.workspaces.materialize(workspace, one)
      sh(one, line)
      const { code, message } = await refusal(worker.workspaces.diff(workspace, one))
      expect([line, code, message.includes('a.bin')]).toEqual([line, 'UNSUPPORTED', true])
      expect(await worker.workspaces.diff(workspace, one, { exclude: ['a.bin'] })).toMatchObject({ files: [] })
    }
  })

  it('are left as pointers where no plan asks for them', async () => {
    const { into } = await filled(workerOf(), made(), { lfs: false })
    expect(readFileSync(join(into, 'a.bin'), 'latin1')).toMatch(/^version /)
  })

  it('come from the server of their repository, once for each mirror, and again after a collection', async () => {
    served(made(), 'acme/app.git')
    serving.redirects = true
    const worker = workerOf()
    const { workspace, into } = await filled(worker, `${host}/acme/app`)
    expect(workspace).toMatchObject({ lfs: `${host}/acme/app.git/info/lfs` })
    expect(readFileSync(join(into, 'a.bin'))).toEqual(big)
    const asked = serving.asked.length
    expect(asked).toBe(5)
    const place = fresh('attempt')
    mkdirSync(place)
    await worker.workspaces.materialize(workspace, place)
    expect(serving.asked).toHaveLength(asked)
    const layout = { ...namespaceLayout(worker.at, 'n'), mirrors: join(worker.at, 'repositories'), tmp: join(worker.at, 'tmp') } // prettier-ignore
    const terms = { maxBytes: 0, before: Date.now() + 60_000, needed: new Set<string>(), dryRun: false }
    const room = await makeRoom(layout, 'mirrors', terms, worker.tools.mirrors)
    expect(room.removed.bytes).toBeGreaterThan(big.length)
    const after = fresh('attempt')
    mkdirSync(after)
    await worker.workspaces.materialize(workspace, after)
    expect(readFileSync(join(after, 'a.bin'))).toEqual(big)
    expect(serving.asked).toHaveLength(2 * asked)
  })

  it('are refused where their bytes are others, are not there, or are too many', async () => {
    const bare = served(made(), 'acme/bad.git')
    const git = `${host}/acme/bad.git`
    const wanted = { git, from: '/', lfs: true }
    for (const bytes of [Buffer.from(big.toReversed()), big.subarray(1), Buffer.concat([big, big]), Buffer.alloc(0)]) {
      serving.tampered = bytes
      const worker = workerOf()
      expect((await refusal(worker.workspaces.resolve(wanted))).code).toBe('INTEGRITY')
      expect(sh(worker.at, 'find . -path "*lfs*" -type f -size +200')).toBe('')
    }
    delete serving.tampered
    serving.breaks = true
    expect((await refusal(workerOf().workspaces.resolve(wanted))).code).toBe('UNAVAILABLE')
    delete serving.breaks
    for (const limits of [{ maxLfsFiles: 1 }, { maxLfsBytes: big.length }])
      expect((await refusal(workerOf({ limits }).workspaces.resolve(wanted))).code).toBe('LIMIT_EXCEEDED')
    serving.token = 'Basic x'
    expect((await refusal(workerOf().workspaces.resolve(wanted))).code).toBe('FORBIDDEN')
    delete serving.token
    rmSync(join(bare, 'lfs'), { recursive: true })
    expect((await refusal(workerOf().workspaces.resolve(wanted))).code).toBe('NOT_FOUND')
    const local = made()
    writeFileSync(join(local, '.git/lfs/objects', sha(big).slice(0, 2), sha(big).slice(2, 4), sha(big)), Buffer.from(big.toReversed())) // prettier-ignore
    expect((await refusal(workerOf().workspaces.resolve({ ...wanted, git: local }))).code).toBe('INTEGRITY')
    rmSync(join(local, '.git/lfs'), { recursive: true })
    expect((await refusal(workerOf().workspaces.resolve({ ...wanted, git: local }))).code).toBe('NOT_FOUND')
  })

  it.each([
    ['[lfs]\n\turl = https://elsewhere.example/x', 'FORBIDDEN'],
    ['[lfs]\n\turl = HOST/other/app.git/info/lfs', 'FORBIDDEN'],
    ['[lfs]\n\turl = HOST/acme/../other/app.git/info/lfs', 'FORBIDDEN'],
    ['[lfs]\n\turl = http://localhost/acme/x', 'FORBIDDEN'],
    ['[lfs]\n\turl = https://user:word@localhost/acme/x', 'FORBIDDEN'],
    ['[lfs]\n\turl = file:///etc', 'FORBIDDEN'],
    ['[lfs]\n\turl = ssh://-oProxyCommand=x/acme', 'FORBIDDEN'],
    ['[remote "origin"]\n\tlfsurl = https://elsewhere.example/x', 'FORBIDDEN'],
    ['[lfs', 'INVALID_INPUT'],
  ])('are not fetched from where a repository may not say: %s', async (text, code) => {
    const name = `acme/hostile${n++}.git`
    served(made({ '.lfsconfig': `${text.replace('HOST', host)}\n` }), name)
    expect((await refusal(workerOf().workspaces.resolve({ git: `${host}/${name}`, from: '/', lfs: true }))).code).toBe(code) // prettier-ignore
    expect(serving.asked).toEqual([])
  })

  it('come from where .lfsconfig says, in the folder of the host or where it is listed, and start nothing', async () => {
    const mark = fresh('ran')
    const evil = `[lfs "customtransfer.basic"]\n\tpath = touch ${mark}\n[filter "lfs"]\n\tsmudge = touch ${mark}\n`
    for (const [name, lfs] of [
      ['acme/beside.git', []],
      ['other/beside.git', [`${host}/other/`]],
    ] as const) {
      const work = made({ '.lfsconfig': `${evil}[lfs]\n\turl = ${host}/${name}/info/lfs\n` })
      served(work, `acme/from-${n}.git`)
      const git = `${host}/acme/from-${n++}.git`
      served(work, name)
      const { into, workspace } = await filled(workerOf({ lfs: [...lfs] }), git)
      expect(workspace).toMatchObject({ lfs: `${host}/${name}/info/lfs` })
      expect(readFileSync(join(into, 'a.bin'))).toEqual(big)
    }
    expect(existsSync(mark)).toBe(false)
  })

  it('come from a server that wants a password, with that of the deployment', async () => {
    served(made(), 'acme/closed.git')
    const git = `${host}/acme/closed.git`
    serving.closed = true
    serving.token = `Basic ${Buffer.from('robot:pw-Zq8 0123456789').toString('base64')}`
    const knowing = (word: string, at = `${host}/acme/`) =>
      workerOf({ credentials: [{ at, user: 'robot', password: async () => Buffer.from(word) }] })
    for (const worker of [workerOf(), knowing('pw-another'), knowing('pw-Zq8 0123456789', `${host}/acm`)])
      expect((await refusal(worker.workspaces.resolve({ git, from: '/', lfs: true }))).code).toBe('FORBIDDEN')
    const worker = knowing('pw-Zq8 0123456789')
    const { into, workspace } = await filled(worker, git)
    expect(readFileSync(join(into, 'a.bin'))).toEqual(big)
    // Also objects, of which no answer says how they are asked for.
    const objects = serving.asked.filter((line) => line.startsWith('GET objects/'))
    expect(objects).toHaveLength(2)
    expect(objects.every((line) => line.endsWith(` ${serving.token}`))).toBe(true)
    expect(JSON.stringify(workspace)).not.toContain('pw-Zq8')
    expect(sh(dir, `grep -rlaE 'pw-Zq8|${serving.token.slice(6, -4)}' '${into}' '${worker.at}' || true`)).toBe('')
  })

  it('come through the proxy of git, but for hosts that are excepted', async () => {
    const through: string[] = []
    const proxy = createProxy()
    proxy.on('connect', (req, socket: Socket) => {
      through.push(`${req.url} ${req.headers['proxy-authorization'] ?? '-'}`)
      const [name = '', port = ''] = (req.url ?? '').split(':')
      const to = createConnection(Number(port), name === 'localhost' ? '127.0.0.1' : name, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        to.pipe(socket).pipe(to)
      })
      for (const each of [socket, to]) each.on('error', () => each.destroy())
      to.on('close', () => socket.destroy())
      socket.on('close', () => to.destroy())
    })
    await new Promise<void>((done) => void proxy.listen(0, '127.0.0.1', done))
    const address = proxy.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    try {
      served(made(), 'acme/far.git')
      const { port } = address
      const env = { HTTPS_PROXY: `http://u:p%21@127.0.0.1:${port}` }
      const { into } = await filled(workerOf({ env }), `${host}/acme/far.git`)
      expect(readFileSync(join(into, 'a.bin'))).toEqual(big)
      const word = `Basic ${Buffer.from('u:p!').toString('base64')}`
      expect(through.filter((line) => line === `${host.slice('https://'.length)} ${word}`)).toHaveLength(3)
      const asked = through.length
      await filled(workerOf({ env: { ...env, NO_PROXY: 'example.org, localhost' } }), `${host}/acme/far.git`)
      expect(through).toHaveLength(asked)
    } finally {
      proxy.closeAllConnections()
      await new Promise((done) => proxy.close(done))
    }
  })

  it('of submodules come too, and a commit alone has its own', async () => {
    served(made(), 'acme/module.git')
    const outer = repository(fresh('outer'), { f: '1\n', '.gitmodules': '[submodule "m"]\n\tpath = m\n\turl = ../module.git\n' }) // prettier-ignore
    const commit = sh(join(root, 'acme/module.git'), 'git rev-parse HEAD').trim()
    sh(outer, `git update-index --add --cacheinfo 160000,${commit},m && git commit -qm m`)
    sh(dir, `git clone -q --bare '${outer}' '${join(root, 'acme/outer.git')}'`)
    const worker = workerOf()
    const { workspace, into } = await filled(worker, `${host}/acme/outer.git`, { submodules: true })
    expect(workspace.filled).toMatchObject([{ lfs: `${host}/acme/module.git/info/lfs` }])
    expect(readFileSync(join(into, 'm/a.bin'))).toEqual(big)
    expect(await worker.workspaces.diff(workspace, into)).toMatchObject({ files: [] })
    const lone = await filled(worker, `${host}/acme/module.git`, { history: 'none' })
    expect(readFileSync(join(lone.into, 'a.bin'))).toEqual(big)
  })
})

describe('over ssh', () => {
  let ssh: SshServer
  const home = join(dir, 'ssh')

  beforeAll(async () => {
    ssh = await serveSsh(home)
    // What a forge has in its place: it says where objects are, and a header that is good for a while.
    write(ssh.bin, {
      'git-lfs-authenticate': `#!/bin/sh\nprintf '%s|' "$@" > '${home}/asked'\nprintf '{"href":"%s/%s/info/lfs","header":{"Authorization":"RemoteAuth t"}}' "$(cat '${home}/host-url')" "\${1#'${root}/'}"\n`,
    })
    chmodSync(join(ssh.bin, 'git-lfs-authenticate'), 0o755)
    writeFileSync(join(home, 'host-url'), host)
  })

  afterAll(() => ssh.stop())

  it('a server says where files are, and with which header', async () => {
    const bare = served(made(), 'acme/it+s.git')
    serving.token = 'RemoteAuth t'
    const worker = workerOf({ path: ssh.path })
    const git = `${ssh.url}${bare}`
    const { into, workspace } = await filled(worker, git)
    expect(workspace.lfs).toBe(workspace.source)
    expect(readFileSync(join(into, 'a.bin'))).toEqual(big)
    expect(readFileSync(join(home, 'asked'), 'utf8')).toBe(`${bare}|download|`)
    expect(JSON.stringify(workspace) + sh(into, 'cat .git/config')).not.toContain('RemoteAuth')
  })
})
