import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeNamedFolder } from '../src/make-folder.ts'
import { requireOwnFolder } from '../src/own-folder.ts'

const environment = { path: process.env['PATH'] ?? '' }
const check = (folder: string) => requireOwnFolder(folder, environment)
const root = process.geteuid?.() === 0

let dir = ''
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-own-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function folder(path: string, mode = 0o700): string {
  const made = join(dir, path)
  mkdirSync(made, { recursive: true })
  chmodSync(made, mode)
  return made
}

function git(cwd: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd, stdio: 'pipe' })
}

/** A clone of a repository in which somebody committed what `fill` made. */
function clone(fill: (repository: string) => void): string {
  const origin = folder('origin')
  git(origin, 'init', '-q', '-b', 'main')
  fill(origin)
  git(origin, 'add', '-f', '.')
  git(origin, 'commit', '-q', '-m', 'x')
  git(dir, 'clone', '-q', origin, 'clone')
  return join(dir, 'clone')
}

describe('a data folder that came with a repository', () => {
  const withKeys = (repository: string) => {
    mkdirSync(join(repository, '.seamark/keys'), { recursive: true })
    writeFileSync(join(repository, '.seamark/keys/log.pem'), 'known')
  }

  it('is refused, also below another folder and where its files were removed', async () => {
    const cloned = clone(withKeys)
    chmodSync(join(cloned, '.seamark'), 0o700)
    await expect(check(join(cloned, '.seamark'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(check(join(cloned, '.seamark/keys'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    rmSync(join(cloned, '.seamark'), { recursive: true })
    await expect(check(join(cloned, '.seamark'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('is refused where it is the repository, or a submodule of it', async () => {
    const cloned = clone(withKeys)
    await expect(check(cloned)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const outer = folder('outer')
    git(outer, 'init', '-q')
    git(outer, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', join(dir, 'origin'), '.seamark')
    execFileSync('rm', ['-rf', join(outer, '.seamark')])
    const empty = folder('outer/.seamark')
    git(empty, 'init', '-q')
    await expect(check(empty)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('is refused where a link leads to it, or where the link itself was committed', async () => {
    const cloned = clone((repository) => {
      withKeys(repository)
      symlinkSync('/tmp/elsewhere', join(repository, 'gone'))
      symlinkSync('hop', join(repository, 'data'))
    })
    symlinkSync(join(cloned, '.seamark'), join(dir, 'mine'))
    await expect(check(join(dir, 'mine'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(check(join(cloned, 'gone'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    folder('elsewhere/.seamark')
    symlinkSync(join(dir, 'elsewhere'), join(cloned, 'hop'))
    await expect(check(join(cloned, 'data/.seamark'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await check(join(cloned, 'hop/.seamark'))
  })

  it('starts nothing that the repository names, and is not led elsewhere by the environment', async () => {
    const cloned = clone(withKeys)
    git(cloned, 'config', 'core.fsmonitor', `touch ${join(dir, 'ran')}`)
    process.env['GIT_INDEX_FILE'] = join(dir, 'no-index')
    try {
      await expect(check(join(cloned, '.seamark'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    } finally {
      delete process.env['GIT_INDEX_FILE']
    }
    await check(dir)
    expect(() => execFileSync('test', ['-e', join(dir, 'ran')])).toThrow()
  })

  it('is refused where git can not be asked', async () => {
    const cloned = clone(withKeys)
    const mine = folder('clone/mine')
    await check(mine)
    await expect(requireOwnFolder(mine, { path: '/nowhere' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    writeFileSync(join(cloned, '.git/index'), 'damaged')
    await expect(check(mine)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('a data folder', () => {
  it('that is not there, or that is ours, is good', async () => {
    await check(join(dir, 'not/there'))
    await check(folder('mine'))
    await check(folder('open', 0o755))
    symlinkSync(folder('target'), join(dir, 'link'))
    await check(join(dir, 'link'))
  })

  it('of another user is refused', async () => {
    const theirs = root ? folder('theirs') : '/usr'
    if (root) chownSync(theirs, 65_534, 65_534)
    await expect(check(theirs)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    symlinkSync(theirs, join(dir, 'link'))
    await expect(check(join(dir, 'link'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it.each([0o770, 0o702, 0o1777])('that others may write (mode %o) is refused', async (mode) => {
    await expect(check(folder('shared', mode))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      problems: [{ remedy: expect.stringContaining('chmod') }],
    })
  })

  it('that is none is refused', async () => {
    await expect(check('/dev/null')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    symlinkSync('b', join(dir, 'a'))
    symlinkSync('a', join(dir, 'b'))
    await expect(check(join(dir, 'a'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('makeNamedFolder', () => {
  it('makes what is missing, for its owner only', async () => {
    await makeNamedFolder(join(dir, 'a/b/c'))
    await makeNamedFolder(join(dir, 'a/b/c'))
    expect(execFileSync('stat', ['-c', '%a', join(dir, 'a'), join(dir, 'a/b/c')], { encoding: 'utf8' })).toBe(
      '700\n700\n',
    )
  })

  it('refuses where there can be none, and comes back', async () => {
    symlinkSync('nowhere', join(dir, 'dangling'))
    symlinkSync('circle', join(dir, 'circle'))
    writeFileSync(join(dir, 'file'), '')
    for (const path of ['/proc/nope', '/proc/nope/deeper', '/dev/null', '/dev/null/x', join(dir, 'file/x/y')])
      await expect(makeNamedFolder(path)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    for (const name of ['dangling', 'circle', 'file', 'circle/x'])
      await expect(makeNamedFolder(join(dir, name))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
