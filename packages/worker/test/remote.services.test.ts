import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { serveGit } from '@seamark/testing-services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GitCredential } from '../src/index.ts'
import { gitWorkspaces } from '../src/index.ts'
import { refusal, repository, sh, temporary } from './repository.ts'

const dir = temporary()
const root = join(dir, 'served')
const asked: string[] = []
const told: string[] = []
const led: string[] = []
const wanted = `Basic ${Buffer.from("robot:pw'Zq8 $0123456789").toString('base64')}`
let server: Server
let elsewhere: Server
let host = ''
let other = ''
let n = 0
const fresh = (name: string) => join(dir, `${name}${n++}`)

const workspacesOf = (
  submodules: readonly string[] = [],
  credentials: readonly GitCredential[] = [],
  at = fresh('worker'),
) => gitWorkspaces({ dir: at, git: { submodules, credentials, env: { GIT_SSL_CAINFO: join(dir, 'ca.pem') } } })

async function listening(of: Server): Promise<string> {
  await new Promise<void>((done) => void of.listen(0, '127.0.0.1', done))
  const address = of.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `https://localhost:${address.port}`
}

beforeAll(async () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', '-x509', ...key, ...names, '-keyout', 'ca.key', '-out', 'ca.pem'], {
    cwd: dir,
    stdio: 'pipe',
  })
  const read = (name: string) => readFileSync(join(dir, name))
  const tls = { key: read('ca.key'), cert: read('ca.pem') }
  // Where another host asks for a password, it is told none.
  elsewhere = createServer(tls, (req, res) => {
    led.push(req.headers.authorization ?? '-')
    res.writeHead(401, { 'www-authenticate': 'Basic realm="elsewhere"' }).end()
  })
  server = createServer(tls, (req, res) => {
    asked.push(req.url ?? '')
    const { authorization = '-' } = req.headers
    const closed = req.url?.startsWith('/closed/') === true
    if (authorization !== '-') told.push(`${req.url?.split('/')[1]} ${authorization}`)
    if (req.url?.startsWith('/closed/led') === true) res.writeHead(302, { location: `${other}${req.url}` }).end()
    else if (closed && authorization !== wanted)
      res.writeHead(401, { 'www-authenticate': 'Basic realm="closed"' }).end()
    else serveGit(root, req, res)
  })
  host = await listening(server)
  other = await listening(elsewhere)
  const bare = (work: string, name: string) => {
    mkdirSync(join(root, name, '..'), { recursive: true })
    sh(dir, `git clone -q --bare '${work}' '${join(root, name)}'`)
  }
  const lib = repository(join(dir, 'lib'), { 'l.txt': 'lib\n' })
  const secret = repository(join(dir, 'secret'), { 'key.txt': 'k\n' })
  bare(lib, 'acme/lib.git')
  bare(secret, 'other/secret.git')
  for (const [name, url, of] of [
    ['app', '../lib.git', lib],
    ['thief', '../../other/secret.git', secret],
  ] as const) {
    const work = repository(join(dir, name), {
      f: '1\n',
      '.gitmodules': `[submodule "it"]\n\tpath = it\n\turl = ${url}\n`,
    })
    sh(work, `git update-index --add --cacheinfo 160000,${sh(of, 'git rev-parse HEAD').trim()},it && git commit -qm it`)
    bare(work, `acme/${name}.git`)
  }
})

afterAll(async () => {
  for (const each of [server, elsewhere]) {
    each.closeAllConnections()
    await new Promise((done) => each.close(done))
  }
})

describe('a repository on a server', () => {
  it('gets submodules from the folder of its host that it is in', async () => {
    const workspaces = workspacesOf()
    const workspace = await workspaces.resolve({ git: `${host}/acme/app.git`, from: '/', submodules: true })
    expect(workspace).toMatchObject({ filled: [{ path: 'it', source: `${host}/acme/lib.git` }] })
    const into = fresh('attempt')
    mkdirSync(into)
    await workspaces.materialize(workspace, into)
    expect(sh(into, 'cat f it/l.txt; git status --porcelain')).toBe('1\nlib\n')
  })

  it('comes without its history where nobody wants it, commit after commit', async () => {
    const work = repository(join(dir, 'long'), { 'big.bin': 'x'.repeat(100_000) })
    sh(work, 'git rm -q big.bin; echo 2 > f; git add f; git commit -qm 2; git tag -a -m t v2')
    sh(dir, `git clone -q --bare '${work}' '${join(root, 'acme/long.git')}'`)
    const workspaces = workspacesOf()
    const lone = (ref?: string) =>
      workspaces.resolve({
        git: `${host}/acme/long.git`,
        from: '/',
        history: 'none',
        ...(ref !== undefined && { ref }),
      })
    const head = sh(work, 'git rev-parse HEAD').trim()
    for (const ref of [undefined, 'main', 'v2', 'refs/heads/main', head])
      expect(await lone(ref)).toMatchObject({ commit: head, tree: sh(work, 'git rev-parse HEAD^{tree}').trim() })
    for (const ref of ['none', head.slice(0, 8), 'main*', 'f'.repeat(40)])
      expect((await refusal(lone(ref))).code).toMatch(/NOT_FOUND|UNAVAILABLE/)
    const first = await lone()
    const into = fresh('attempt')
    mkdirSync(into)
    await workspaces.materialize(first, into)
    expect(sh(into, 'git rev-list --all HEAD; git fsck --strict 2>&1; git status --porcelain; cat f')).toBe(
      `${head}\n2\n`,
    )
    expect(
      sh(into, `git cat-file --batch-all-objects --batch-check='%(objectsize)'`)
        .split('\n')
        .map(Number)
        .every((size) => size < 1_000),
    ).toBe(true)
    sh(work, `echo 3 > f; git commit -qam 3; git push -q '${join(root, 'acme/long.git')}' main`)
    const second = await lone()
    expect(second).toMatchObject({ repository: first.type === 'git' ? first.repository : '' })
    const after = fresh('attempt')
    mkdirSync(after)
    await workspaces.materialize(second, after)
    expect(sh(after, 'git rev-list --count HEAD; cat f')).toBe('1\n3\n')
    sh(after, 'echo 4 > f')
    expect((await workspaces.diff(second, after))?.files).toEqual([{ path: 'f', change: 'modified' }])
    const again = fresh('attempt')
    mkdirSync(again)
    await workspaces.materialize(first, again)
    expect(sh(again, 'cat f')).toBe('2\n')
    expect(await refusal(workspaces.resolve({ git: work, from: '/', history: 'none' }))).toMatchObject({
      code: 'INVALID_INPUT',
    })
  })

  it('comes with its history but not with the files of that, and is never asked for more', async () => {
    const work = repository(join(dir, 'deep'), { 'big.bin': 'x'.repeat(100_000), 'sub/kept.txt': 'kept\n', f: '1\n' })
    sh(work, 'git rm -q big.bin; echo 2 > f; git commit -qam 2; git tag -a -m t v2; echo 3 > f; git commit -qam 3')
    const bare = join(root, 'acme/deep.git')
    sh(dir, `git clone -q --bare '${work}' '${bare}'; git -C '${bare}' config uploadpack.allowFilter true`)
    const workspaces = workspacesOf()
    const deep = { git: `${host}/acme/deep.git`, from: '/' }
    const first = await workspaces.resolve({ ...deep, history: 'commits' })
    const whole = await workspaces.resolve(deep)
    // The same repository, commit and tree: locks hold between both.
    expect(first).toEqual({ ...whole, history: 'commits' })
    const before = asked.length
    const into = fresh('attempt')
    mkdirSync(into)
    await workspaces.materialize(first, into)
    const kept = 'git fsck --strict 2>&1; git gc -q 2>&1; git remote; cat f sub/kept.txt'
    expect(sh(into, `git log --format=%s; git describe; git status --porcelain; ${kept}`)).toBe(
      `3\n2\nbase\n${sh(work, 'git describe').trim()}\n3\nkept\n`,
    )
    const sizes = sh(into, `git cat-file --batch-all-objects --batch-check='%(objectsize)'`)
    expect(Math.max(...sizes.trim().split('\n').map(Number))).toBeLessThan(1_000) // prettier-ignore
    expect(sh(into, 'git show HEAD~1:f 2>&1; echo $?')).toMatch(/files-of-earlier-commits-are-left-out[^]*\n128\n$/)
    sh(into, 'echo 4 > f; echo new > n; git add n; git commit -qam mine')
    expect((await workspaces.diff(first, into))?.files).toEqual([
      { path: 'f', change: 'modified' },
      { path: 'n', change: 'added' },
    ])
    expect(asked.length).toBe(before)
    sh(work, `git mv f sub/g; echo 4 > sub/kept.txt; git commit -qam 4; git push -q '${bare}' main`)
    const second = await workspaces.resolve({ ...deep, history: 'commits', ref: 'main' })
    const after = fresh('attempt')
    mkdirSync(after)
    await workspaces.materialize(second, after)
    expect(sh(after, 'git rev-list --count HEAD; cat sub/g sub/kept.txt; git status --porcelain')).toBe('4\n3\n4\n')
    const again = fresh('attempt')
    mkdirSync(again)
    await workspaces.materialize(first, again)
    expect(sh(again, 'cat f; git status --porcelain')).toBe('3\n')
  })

  it('is refused so by a server without filters, before anything is fetched', async () => {
    const work = repository(join(dir, 'plain'), { f: '1\n' })
    sh(dir, `git clone -q --bare '${work}' '${join(root, 'acme/plain.git')}'`)
    const worker = fresh('worker')
    const workspaces = gitWorkspaces({ dir: worker, git: { env: { GIT_SSL_CAINFO: join(dir, 'ca.pem') } } })
    const wanted = { git: `${host}/acme/plain.git`, from: '/', history: 'commits' } as const
    await expect(workspaces.resolve(wanted)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      problems: [{ place: { pointer: '/history' } }],
    })
    expect(readdirSync(join(worker, 'repositories'))).toEqual([])
    await expect(workspaces.resolve({ ...wanted, git: work })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('is cloned with the password of the deployment, which stays in the worker and goes to its place alone', async () => {
    const lib = repository(join(dir, 'closed-lib'), { 'l.txt': 'lib\n' })
    const work = repository(join(dir, 'closed'), {
      f: '1\n',
      '.gitmodules': '[submodule "it"]\n\tpath = it\n\turl = ../lib.git\n',
    })
    const commit = sh(lib, 'git rev-parse HEAD').trim()
    sh(work, `git update-index --add --cacheinfo 160000,${commit},it && git commit -qm it`)
    mkdirSync(join(root, 'closed'), { recursive: true })
    for (const [from, name] of [
      [work, 'app'],
      [lib, 'lib'],
    ] as const)
      sh(dir, `git clone -q --bare '${from}' '${join(root, 'closed', `${name}.git`)}'`)
    sh(join(root, 'closed/app.git'), 'git config uploadpack.allowFilter true')
    const known = (word: string, at = `${host}/closed/`): GitCredential => ({
      at,
      user: 'robot',
      password: async () => Buffer.from(word),
    })
    const right = known("pw'Zq8 $0123456789")
    const git = `${host}/closed/app.git`
    for (const credentials of [
      [],
      [known('pw-wrong')],
      [right, known('pw-wrong', git)],
      [{ ...right, at: `${host}/clos` }],
    ])
      expect((await refusal(workspacesOf([], credentials).resolve({ git, from: '/' }))).code).toBe('FORBIDDEN')
    expect((await refusal(workspacesOf([], [known('two\nlines')]).resolve({ git, from: '/' }))).code).toBe(
      'INVALID_INPUT',
    )
    told.length = 0
    for (const history of [undefined, 'none', 'commits'] as const) {
      const at = fresh('worker')
      const workspaces = workspacesOf([], [known('pw-wrong', host), right], at)
      const wish = { git, from: '/', submodules: true, ...(history && { history }) }
      const workspace = await workspaces.resolve(wish)
      const into = fresh('attempt')
      mkdirSync(into)
      await workspaces.materialize(workspace, into)
      expect(sh(into, 'cat f it/l.txt; git status --porcelain')).toBe('1\nlib\n')
      expect(JSON.stringify(workspace)).not.toContain('Zq8')
      expect(sh(dir, `grep -rlaE 'Zq8|${wanted.slice(6, -4)}' '${into}' '${at}' || true`)).toBe('')
    }
    // Nowhere before it is asked for, and nowhere else.
    const open = workspacesOf([], [right])
    await open.resolve({ git: `${host}/acme/app.git`, from: '/' })
    expect(new Set(told)).toEqual(new Set([`closed ${wanted}`]))
    expect((await refusal(open.resolve({ git: `${host}/closed/led.git`, from: '/' }))).code).toBe('FORBIDDEN')
    expect(new Set(led)).toEqual(new Set(['-']))
  })

  it('gets none from another folder, which is not even asked, unless it is listed', async () => {
    const thief = { git: `${host}/acme/thief.git`, from: '/', submodules: true }
    expect(await refusal(workspacesOf().resolve(thief))).toMatchObject({ code: 'FORBIDDEN' })
    expect(asked.filter((url) => url.includes('secret'))).toEqual([])
    expect(await workspacesOf([`${host}/other`]).resolve(thief)).toMatchObject({
      filled: [{ source: `${host}/other/secret.git` }],
    })
  })
})
