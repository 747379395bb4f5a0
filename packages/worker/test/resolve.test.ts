import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyWorkspaces, gitWorkspaces } from '../src/index.ts'
import { collect, refusal, repository, sh, temporary, write } from './repository.ts'

const dir = temporary()
const workspaces = gitWorkspaces({ dir: join(dir, 'worker') })
const base = repository(join(dir, 'base'), { 'a.txt': 'one\n', 'b/c.txt': 'two\n' })
const commit = sh(base, 'git rev-parse HEAD').trim()
const tree = sh(base, 'git rev-parse HEAD^{tree}').trim()
const resolve = (git: string, ref?: string) => workspaces.resolve({ git, from: dir, ...(ref !== undefined && { ref }) })

describe('resolving a source', () => {
  it('pins a folder that is relative to the submitter', async () => {
    expect(await resolve('base')).toMatchObject({
      type: 'git',
      source: base,
      commit,
      tree,
      uncommitted: { count: 0, paths: [] },
      submodules: [],
    })
  })

  it('pins bundles, file URLs and bare repositories to the same commit and repository', async () => {
    sh(dir, `git -C base bundle create ${dir}/all.bundle --all && git clone -q --bare base bare.git`)
    sh(dir, `git -C base bundle create ${dir}/headless.bundle main`)
    const { repository: id } = (await resolve('base')) as { repository: string }
    for (const git of ['all.bundle', 'headless.bundle', `file://${base}`, 'bare.git'])
      expect(await resolve(git)).toMatchObject({ commit, tree, repository: id })
  })

  it('sees what a bundle was replaced with', async () => {
    const other = repository(join(dir, 'other'), { x: '1' })
    const first = sh(other, `git bundle create ${dir}/moving.bundle --all 2>/dev/null; git rev-parse HEAD`).trim()
    expect(await resolve('moving.bundle')).toMatchObject({ commit: first })
    const second = sh(
      other,
      `git commit -q --allow-empty -m two; git bundle create ${dir}/moving.bundle --all 2>/dev/null; git rev-parse HEAD`,
    ).trim()
    expect(await resolve('moving.bundle')).toMatchObject({ commit: second })
  })

  it('resolves branches, tags and short ids, and the commit of a linked worktree', async () => {
    sh(base, 'git tag -a -m t v1 && git branch side && git worktree add -q --detach ../linked')
    for (const ref of ['v1', 'side', commit.slice(0, 8), 'refs/heads/main'])
      expect(await resolve('base', ref)).toMatchObject({ commit })
    expect(await resolve('linked')).toMatchObject({ commit })
  })

  it('names uncommitted changes, at most 100', async () => {
    const dirty = repository(join(dir, 'dirty'), { 'a b': '1', gone: '1' })
    sh(dirty, 'rm gone; echo 2 > "a b"')
    write(dirty, Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`new-${i}`, ''])))
    const workspace = await resolve('dirty')
    if (workspace.type !== 'git') throw new Error('not git')
    const { uncommitted } = workspace
    expect(uncommitted.count).toBe(152)
    expect(uncommitted.paths).toHaveLength(100)
    expect(uncommitted.paths).toContain('a b')
  })

  it('lists submodules and leaves them empty', async () => {
    const outer = repository(join(dir, 'outer'), { f: '1' })
    sh(outer, `git -c protocol.file.allow=always submodule --quiet add ${base} lib/sub && git commit -q -m sub`)
    const workspace = await resolve('outer')
    expect(workspace).toMatchObject({ submodules: ['lib/sub'] })
    const into = join(dir, 'outer-files')
    mkdirSync(into)
    await workspaces.materialize(workspace, into)
    expect(sh(into, 'ls -A lib/sub')).toBe('')
    expect((await workspaces.diff(workspace, into))?.files).toEqual([])
    write(into, { 'lib/sub/file': 'x' })
    expect(await refusal(workspaces.diff(workspace, into))).toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('works with SHA-256 repositories', async () => {
    mkdirSync(join(dir, 'sha256'))
    sh(
      join(dir, 'sha256'),
      'git init -q --object-format=sha256 -b main . && echo 1 > f && git add f && git commit -q -m 1',
    )
    const workspace = await resolve('sha256')
    const into = join(dir, 'sha256-files')
    mkdirSync(into)
    await workspaces.materialize(workspace, into)
    sh(into, 'rm f; echo 2 > g; git status')
    expect((await workspaces.diff(workspace, into))?.files).toEqual([
      { path: 'f', change: 'deleted' },
      { path: 'g', change: 'added' },
    ])
  })

  it('is not a repository, has no commits, has no such ref, is not there', async () => {
    mkdirSync(join(dir, 'plain'))
    mkdirSync(join(dir, 'base', 'inner'), { recursive: true })
    mkdirSync(join(dir, 'unborn'))
    sh(join(dir, 'unborn'), 'git init -q .')
    writeFileSync(join(dir, 'file'), 'no bundle')
    for (const [git, ref] of [
      ['plain'],
      ['base/inner'],
      ['unborn'],
      ['base', 'nope'],
      ['nowhere'],
      ['file'],
      ['base', 'f'.repeat(40)],
    ]) {
      const { code, remedy } = await refusal(resolve(git ?? '', ref))
      expect([git, code]).toEqual([git, 'NOT_FOUND'])
      expect(remedy).not.toBe('')
    }
    expect((await refusal(resolve('base/inner'))).remedy).toContain(base)
  })

  it('refuses credentials, other schemes and bad refs', async () => {
    for (const git of [
      'https://user:secret@example.invalid/r.git',
      'https://token@example.invalid/r.git',
      'ssh://git:secret@example.invalid/r',
      'ext::sh -c true',
      'ext::sh',
      'http://example.invalid/r',
      'git://example.invalid/r',
      'file://host/path',
      '',
      'a\0b',
      'https://',
    ]) {
      const { code, message } = await refusal(resolve(git))
      expect([git, code === 'INVALID_INPUT' || git.startsWith('ext')]).toEqual([git, true])
      expect(message).not.toContain('secret')
      expect(message).not.toContain('token@')
    }
    for (const ref of ['', '--output=x', 'a b', 'a\nb', 'x'.repeat(2000)])
      expect((await refusal(resolve('base', ref))).code).toBe('INVALID_INPUT')
  })

  it('says that a remote can not be reached', async () => {
    expect((await refusal(resolve('https://127.0.0.1:9/r.git'))).code).toBe('UNAVAILABLE')
  })
})

describe('a workspace', () => {
  it('is a private clone with the history and no way back', async () => {
    const workspace = await resolve('base')
    const into = join(dir, 'private')
    mkdirSync(into)
    await workspaces.materialize(workspace, into)
    expect(sh(into, 'git rev-parse HEAD').trim()).toBe(commit)
    expect(
      sh(
        into,
        'git status --porcelain; git remote; ls .git/hooks 2>/dev/null || true; cat .git/objects/info/alternates 2>/dev/null || true',
      ),
    ).toBe('')
    expect(sh(into, 'git symbolic-ref -q HEAD || echo detached').trim()).toBe('detached')
    expect(sh(into, 'find . -type f -links +1')).toBe('')
    expect(sh(into, `grep -rlF "${dir}" .git || true`)).toBe('')
    expect(sh(into, 'git tag; git branch -r').split('\n')).toContain('v1')
  })

  it('can be made when the source is gone, and not when the commit never came', async () => {
    const short = repository(join(dir, 'short-lived'), { f: '1' })
    const workspace = await resolve('short-lived')
    const [first, second] = [join(dir, 'first'), join(dir, 'second')]
    mkdirSync(first)
    mkdirSync(second)
    await workspaces.materialize(workspace, first)
    sh(dir, `rm -rf ${short}`)
    await workspaces.materialize(workspace, second)
    expect(sh(second, 'cat f')).toBe('1')
    const never = { ...workspace, commit: 'e'.repeat(40) } as typeof workspace
    expect((await refusal(workspaces.materialize(never, join(dir, 'third')))).code).toMatch(/NOT_FOUND|UNAVAILABLE/)
  })

  it('comes from a source whose branches took the place of others', async () => {
    const moving = repository(join(dir, 'moving'), { f: '1' })
    sh(moving, 'git branch a; git tag t')
    const before = await resolve('moving')
    mkdirSync(join(dir, 'before'))
    await workspaces.materialize(before, join(dir, 'before'))
    sh(moving, 'git branch -D a; git tag -d t; git branch a/b; git tag t/u; git commit -q --allow-empty -m 2')
    const after = await resolve('moving')
    mkdirSync(join(dir, 'after'))
    await workspaces.materialize(after, join(dir, 'after'))
    expect(sh(join(dir, 'after'), 'git rev-parse HEAD').trim()).toBe(sh(moving, 'git rev-parse HEAD').trim())
  })

  it('comes from a source that has a broken branch', async () => {
    const broken = repository(join(dir, 'broken'), { f: '1' })
    mkdirSync(join(dir, 'whole'))
    await workspaces.materialize(await resolve('broken'), join(dir, 'whole'))
    sh(broken, 'git commit -q --allow-empty -m 2')
    writeFileSync(join(broken, '.git/refs/heads/nowhere'), `${'e'.repeat(40)}\n`)
    mkdirSync(join(dir, 'despite'))
    await workspaces.materialize(await resolve('broken'), join(dir, 'despite'))
    expect(sh(join(dir, 'despite'), 'git log --format=%s -1').trim()).toBe('2')
  })

  it('has a commit that no branch leads to', async () => {
    const loose = sh(base, 'git commit-tree -m loose HEAD^{tree}').trim()
    const workspace = await resolve('base', loose)
    const into = join(dir, 'loose')
    mkdirSync(into)
    await workspaces.materialize(workspace, into)
    expect(sh(into, 'git rev-parse HEAD').trim()).toBe(loose)
  })

  it('is refused when the recorded tree is another', async () => {
    const workspace = { ...(await resolve('base')), tree: 'a'.repeat(40) } as Awaited<ReturnType<typeof resolve>>
    expect((await refusal(workspaces.materialize(workspace, join(dir, 'wrong')))).code).toBe('INTEGRITY')
  })

  it('without git is empty, and what is left in it is a patch', async () => {
    const empty = emptyWorkspaces({ dir: join(dir, 'worker-2') })
    const workspace = await empty.resolve({ from: dir })
    const into = join(dir, 'empty')
    await empty.materialize(workspace, into)
    expect(await empty.diff(workspace, into)).toBeUndefined()
    write(into, { 'r.txt': 'result\n' })
    expect((await empty.diff(workspace, into))?.files).toEqual([{ path: 'r.txt', change: 'added' }])
    expect((await collect(empty.snapshot(into))).length % 512).toBe(0)
  })
})
