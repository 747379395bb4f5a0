import { isSeamError } from '@seamark/kit'
import { effective } from '@seamark/policy'
import fc from 'fast-check'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gitTools } from '../src/git-tools.ts'
import { gitWorkspacesWith } from '../src/git-workspaces.ts'
import { hiddenOf, takeOut } from '../src/hidden.ts'
import { gitWorkspaces } from '../src/index.ts'
import { isBelow, normalAddress, ownFolder, submoduleAddress } from '../src/submodule-address.ts'
import { item } from './attempt.ts'
import { refusal, repository, sh, temporary } from './repository.ts'

const dir = temporary()
let n = 0
const fresh = (name: string) => join(dir, `${name}${n++}`)
const about = { ns: 'n', run: 'r', launchId: 'l', fence: 1, attempt: 1, step: 'main', inputs: [] } as const
const ALLOW = '-c protocol.file.allow=always'

/** A repository whose submodule `lib/sub` has one of its own, `deep`, all on this disk. */
function nested() {
  const at = fresh('nested')
  const deep = repository(join(at, 'deep'), { 'd.txt': 'deep\n' })
  const sub = repository(join(at, 'sub'), { 's.txt': 'sub\n', '.gitignore': 'made\n' })
  sh(sub, `git ${ALLOW} submodule --quiet add ${deep} deep && git commit -q -m deep`)
  const outer = repository(join(at, 'outer'), { 'f.txt': 'f\n' })
  sh(outer, `git ${ALLOW} submodule --quiet add ${sub} lib/sub && git commit -q -m sub`)
  // As in a clone without them.
  sh(at, 'rm -rf sub/.git/modules outer/.git/modules')
  return { at, deep, sub, outer }
}

const withModules = (git: string) => ({ git, from: dir, submodules: true })
const workspacesOf = (submodules: readonly string[] = []) =>
  gitWorkspaces({ dir: fresh('worker'), git: { submodules } })

async function made(workspaces: ReturnType<typeof gitWorkspaces>, git: string) {
  const workspace = await workspaces.resolve(withModules(git))
  if (workspace.type !== 'git') throw new Error(workspace.type)
  const into = fresh('attempt')
  mkdirSync(into)
  await workspaces.materialize(workspace, into)
  return { workspace, into }
}

describe('submodules on request', () => {
  it('are private clones at their commits, from what is listed, and theirs too', async () => {
    const { at, outer, sub, deep } = nested()
    const workspaces = workspacesOf([at])
    const { workspace, into } = await made(workspaces, outer)
    expect(workspace).toMatchObject({
      submodules: [],
      filled: [{ path: 'lib/sub', source: sub, filled: [{ path: 'deep', source: deep }] }],
    })
    expect(sh(into, 'cat lib/sub/s.txt lib/sub/deep/d.txt; git status --porcelain')).toBe('sub\ndeep\n')
    expect(sh(join(into, 'lib/sub'), 'git rev-parse HEAD; git remote')).toBe(sh(sub, 'git rev-parse HEAD'))
    expect(sh(into, `grep -rlF "${at}" lib/sub/.git || true`)).toBe('')
    expect(sh(into, 'find . -type f -links +1')).toBe('')
  })

  it('are made when their sources are gone', async () => {
    const { at, outer } = nested()
    const workspaces = workspacesOf([at])
    const { workspace } = await made(workspaces, outer)
    sh(dir, `rm -rf ${at}`)
    const into = fresh('attempt')
    mkdirSync(into)
    await workspaces.materialize(workspace, into)
    expect(sh(into, 'cat lib/sub/deep/d.txt')).toBe('deep\n')
  })

  it('come from the clones that a local repository keeps, without anything listed, and nothing is fetched', async () => {
    const { at, outer } = nested()
    const clone = join(fresh('clones'), 'mine')
    mkdirSync(dirname(clone))
    sh(dir, `git ${ALLOW} clone -q --recurse-submodules ${outer} ${clone}`)
    sh(dir, `rm -rf ${at}`)
    const { into, workspace } = await made(workspacesOf(), clone)
    expect(sh(into, 'cat lib/sub/s.txt lib/sub/deep/d.txt')).toBe('sub\ndeep\n')
    expect(workspace).toMatchObject({ uncommitted: { count: 0 } })
    sh(join(clone, 'lib/sub'), 'git commit -q --allow-empty -m on')
    expect(await workspacesOf().resolve(withModules(clone))).toMatchObject({
      uncommitted: { count: 1, paths: ['lib/sub'] },
    })
  })

  it('may not be changed, but for what they ignore; what is around them may', async () => {
    const { at, outer } = nested()
    const workspaces = workspacesOf([at])
    for (const [file, line] of [
      ['s.txt', 'echo x > lib/sub/s.txt'],
      ['new', 'echo x > lib/sub/new'],
      ['s.txt', 'rm lib/sub/s.txt'],
      ['d.txt', 'echo x > lib/sub/deep/d.txt'],
      ['s.txt', 'rm -rf lib/sub/.git lib/sub/s.txt'],
    ] as const) {
      const { workspace, into } = await made(workspaces, outer)
      sh(into, line)
      const { code, message } = await refusal(workspaces.diff(workspace, into))
      expect([line, code, message.includes(file)]).toEqual([line, 'UNSUPPORTED', true])
    }
    const { workspace, into } = await made(workspaces, outer)
    sh(into, 'echo x > lib/sub/made; echo y > lib/beside; rm -rf lib/sub/deep/.git')
    expect((await workspaces.diff(workspace, into))?.files).toEqual([{ path: 'lib/beside', change: 'added' }])
    sh(into, 'rm -rf lib/sub')
    expect((await workspaces.diff(workspace, into))?.files).toEqual([
      { path: 'lib/beside', change: 'added' },
      { path: 'lib/sub', change: 'deleted' },
    ])
  })

  it('hide what a policy hides, as a whole or in part, and what is put in its place is in no patch', async () => {
    const { at, outer } = nested()
    const tools = gitTools({ dir: fresh('worker'), git: { submodules: [at] } })
    const workspaces = gitWorkspacesWith(tools)
    for (const [globs, left] of [
      [['**/d.txt'], '.git .gitignore .gitmodules deep s.txt'],
      [['**/deep'], '.git .gitignore .gitmodules s.txt'],
      [['lib/sub/s.txt'], '.git .gitignore .gitmodules deep'],
      [['lib/**'], ''],
    ] as const) {
      const { workspace, into } = await made(workspaces, outer)
      const { policy, digest } = effective([{ level: 'item', policy: { filesystem: { hide: globs } } }])
      const spec = { ...item('true'), policy: { policy, digest } }
      const task = { ...about, workspace, item: spec }
      const hidden = await hiddenOf(task, tools)
      await takeOut(hidden, tools, into)
      expect(sh(into, 'ls -A lib/sub 2>/dev/null || true').trim().split('\n').join(' ')).toBe(left)
      expect(sh(into, 'git status --porcelain --ignore-submodules=all')).toBe('')
      expect(existsSync(join(into, 'lib/sub/deep/d.txt'))).toBe(globs[0] === 'lib/sub/s.txt')
      const exclude = hidden.roots
      expect((await workspaces.diff(workspace, into, { exclude }))?.files).toEqual([])
      for (const root of exclude) sh(into, `mkdir -p $(dirname ${root}); echo x > ${root}`)
      expect((await workspaces.diff(workspace, into, { exclude }))?.files).toEqual([])
    }
  })

  it('are left empty where nobody asks for them', async () => {
    const { at, outer } = nested()
    const workspace = await workspacesOf([at]).resolve({ git: outer, from: dir })
    expect(workspace).toMatchObject({ submodules: ['lib/sub'] })
    expect(workspace).not.toHaveProperty('filled')
  })
})

/** A repository with links to commits of nobody, at the paths that its `.gitmodules` has. */
function hostile(modules: string, paths: readonly string[]): string {
  const at = repository(fresh('hostile'), { f: '1', '.gitmodules': modules })
  for (const path of paths) sh(at, `git update-index --add --cacheinfo 160000,${'1'.repeat(40)},${path}`)
  sh(at, 'git commit -q -m links')
  return at
}

describe('hostile .gitmodules', () => {
  it('names no way that is not listed, and all of them are told at once', async () => {
    const marker = fresh('marker')
    const secret = repository(fresh('secret'), { key: 'k' })
    const link = fresh('listed')
    mkdirSync(link)
    symlinkSync(dirname(secret), join(link, 'out'))
    const urls = [
      `ext::sh -c 'touch ${marker}'`,
      `file://${secret}`,
      secret,
      '../secret',
      '../../../../../../etc',
      `${link}/../${secret.slice(dir.length + 1)}`,
      'https://other.invalid/r.git',
      'http://127.0.0.1/r.git',
      'git://127.0.0.1/r.git',
      'https://user:pass@other.invalid/r',
      'https://other.invalid/r?token=pass@',
      '-oProxyCommand=touch',
      'ssh://-oProxyCommand=touch/x',
      'git@-oProxyCommand=x:y',
      'https://listed.invalid/a/../../b',
      'https://listed.invalid/a/%2e%2e%2fb',
      'https://listed.invalid/ab',
      '',
    ]
    const text = urls.map((url, i) => `[submodule "m${i}"]\n\tpath = m${i}\n\turl = "${url}"\n`).join('')
    const at = hostile(`${text}[submodule "bare"]\n\tpath = bare\n`, [...urls.map((_, i) => `m${i}`), 'bare'])
    const workspaces = workspacesOf([link, 'https://listed.invalid/a'])
    const error: unknown = await workspaces.resolve(withModules(at)).catch((caught: unknown) => caught)
    if (!isSeamError(error)) throw new Error('it did not fail')
    expect(error.problems).toHaveLength(urls.length + 1)
    expect(JSON.stringify(error.problems)).not.toMatch(/user|pass@/)
    for (const { code, place } of error.problems) {
      expect(['FORBIDDEN', 'INVALID_INPUT']).toContain(code)
      expect(place?.pointer).toBe('/submodules')
    }
    expect(existsSync(marker)).toBe(false)
    const through = hostile(`[submodule "m"]\n\tpath = m\n\turl = ${link}/out/${secret.slice(dir.length + 1)}\n`, ['m'])
    expect(await refusal(workspaces.resolve(withModules(through)))).toMatchObject({ code: 'FORBIDDEN' })
  })

  it.each(['../../../victim', '..', 'a/../../victim', '/etc', 'a\\\\..\\\\..\\\\victim'])(
    'has a name that leads nowhere: %s',
    async (name) => {
      const victim = repository(fresh('victim'), { f: 'secret' })
      const commit = sh(victim, 'git rev-parse HEAD').trim()
      const at = repository(fresh('names'), {
        f: '1',
        '.gitmodules': `[submodule "${name}"]\n\tpath = m\n\turl = https://other.invalid/r\n`,
      })
      sh(at, `git update-index --add --cacheinfo 160000,${commit},m && git commit -q -m link`)
      mkdirSync(join(at, '.git/modules/a'), { recursive: true })
      symlinkSync(join(victim, '.git'), join(dirname(at), 'victim'))
      const error = await refusal(workspacesOf().resolve(withModules(at)))
      sh(dirname(at), 'rm victim')
      expect(error.code).toBe('FORBIDDEN')
    },
  )

  it('is not syntax, is too large, or holds itself without end', async () => {
    expect(await refusal(workspacesOf().resolve(withModules(hostile('[submodule "x\n', ['m']))))).toMatchObject({
      code: 'INVALID_INPUT',
    })
    expect(await refusal(workspacesOf().resolve(withModules(hostile('#'.repeat(2 ** 20 + 1), ['m']))))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    const many = Array.from({ length: 300 }, (_, i) => `m${i}`)
    expect(await refusal(workspacesOf().resolve(withModules(hostile('', many))))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    // Each level is the repository before it.
    let at = repository(fresh('level'), { f: '1' })
    const all: string[] = [at]
    for (let level = 0; level < 10; level++) {
      const next = repository(fresh('level'), { '.gitmodules': `[submodule "m"]\n\tpath = m\n\turl = ${at}\n` })
      sh(next, `git update-index --add --cacheinfo 160000,${sh(at, 'git rev-parse HEAD').trim()},m`)
      sh(next, 'git commit -q -m level')
      at = next
      all.push(at)
    }
    expect(await refusal(workspacesOf(all).resolve(withModules(at)))).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    const gone = hostile(`[submodule "m"]\n\tpath = m\n\turl = ${all[0] ?? ''}\n`, ['m'])
    expect(await refusal(workspacesOf(all).resolve(withModules(gone)))).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('the address of a submodule', () => {
  it.each([
    ['../lib', 'https://h.invalid/acme/app.git', 'https://h.invalid/acme/lib'],
    ['./in', 'https://h.invalid/acme/app/', 'https://h.invalid/acme/app/in'],
    ['../../other/lib', 'https://h.invalid/acme/app', 'https://h.invalid/other/lib'],
    ['../../../../lib', 'https://h.invalid/acme/app', 'https://h.invalid/lib'],
    ['../lib', 'git@h.invalid:acme/app', 'git@h.invalid:acme/lib'],
    ['../../../lib', 'git@h.invalid:acme/app', undefined],
    ['../lib', 'ssh://git@h.invalid/acme/app', 'ssh://git@h.invalid/acme/lib'],
    ['../lib', '/srv/git/app', '/srv/git/lib'],
    ['HTTPS://H.invalid:443/x', '/srv', 'https://h.invalid/x'],
    ['file:///srv/git/../lib', '/srv', '/srv/lib'],
    ['file://host/x', '/srv', undefined],
    ['plain/path', '/srv', undefined],
    ['https://h.invalid/a?b', '/srv', undefined],
    ['https://token@h.invalid/a', '/srv', undefined],
  ])('%s in %s is %s', (url, parent, expected) => {
    expect(submoduleAddress(url, parent)).toBe(expected)
  })

  it('leads out of no folder that it is below', () => {
    const part = fc.stringMatching(/^[a-z.%2ef/\\:@]{1,12}$/)
    fc.assert(
      fc.property(fc.array(part), fc.constantFrom('https://h.invalid/a/app', 'git@h.invalid:a/app'), (parts, app) => {
        const address = submoduleAddress(`../${parts.join('/')}`, app)
        const own = ownFolder(app) ?? ''
        if (address === undefined || !isBelow(address, [own])) return
        expect(address.slice(own.length)).not.toMatch(/(^|\/)(\.|%2e){2}(\/|$)|%2f|\\/i)
        expect(normalAddress(address)).toBe(address)
      }),
    )
  })
})
