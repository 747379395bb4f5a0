import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gitWorkspaces } from '../src/index.ts'
import { listFolder } from '../src/walk.ts'
import { collect, refusal, repository, sh, temporary, write } from './repository.ts'

const dir = temporary()
const canary = join(dir, 'canary')
const workspaces = gitWorkspaces({ dir: join(dir, 'worker') })
const base = repository(join(dir, 'base'), { 'a.txt': 'one\n', 'b.txt': 'two\n', 'c/d.txt': 'three\n' })
const touch = `touch ${canary}; cat`
let n = 0

/** Configuration that starts programs wherever git lets configuration start one. */
const config = `
cat >> .git/config <<'CONFIG'
[core]
  fsmonitor = ${touch}
  hooksPath = ${dir}/hooks
  sshCommand = ${touch}
  pager = ${touch}
  editor = ${touch}
  gitProxy = ${touch}
  askPass = ${touch}
  alternateRefsCommand = ${touch}
  attributesFile = ${dir}/attributes
  excludesFile = ${dir}/excludes
[filter "x"]
  clean = ${touch}
  smudge = ${touch}
  process = ${touch}
  required = true
[filter "a=b"]
  clean = ${touch}
  smudge = ${touch}
  required = true
[diff]
  external = ${touch}
[diff "x"]
  command = ${touch}
  textconv = ${touch}
[merge "x"]
  driver = ${touch}
[alias]
  status = !${touch}
  diff-tree = !${touch}
  update-index = !${touch}
[include]
  path = ${dir}/included
[credential]
  helper = !${touch}
[uploadpack]
  packObjectsHook = ${touch}
[gpg]
  program = ${touch}
CONFIG
mkdir -p .git/hooks .git/info
for hook in post-checkout pre-commit post-index-change reference-transaction fsmonitor-watchman post-merge; do
  printf '#!/bin/sh\\ntouch ${canary}\\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook
  mkdir -p ${dir}/hooks; cp .git/hooks/$hook ${dir}/hooks/
done
printf '[core]\\n fsmonitor = ${touch}\\n' > ${dir}/included
`
const attributes = '* filter=x diff=x merge=x text eol=crlf\nb.txt filter=a=b\n'

async function workspaceOf(source = base) {
  const workspace = await workspaces.resolve({ git: source, from: '/' })
  const into = join(dir, `workspace-${n++}`)
  mkdirSync(into)
  await workspaces.materialize(workspace, into)
  return { workspace, into }
}

/** Whatever was done to the workspace's own repository, this change must be found, as it is, and nothing run. */
async function expectCapture(attack: string, also: string[] = []) {
  const { workspace, into } = await workspaceOf()
  sh(into, `printf 'changed\\n' > a.txt; echo new > new.txt`)
  sh(into, attack)
  const diff = await workspaces.diff(workspace, into)
  const paths = diff?.files.map(({ path }) => path).filter((path) => !also.includes(path))
  expect(paths).toEqual(['a.txt', 'new.txt'])
  expect(Buffer.from(diff?.patch ?? []).toString()).toContain('+changed\n')
  await collect(workspaces.snapshot(into))
  expect(existsSync(canary)).toBe(false)
}

describe('a hostile workspace', () => {
  it('starts programs from its configuration: none is started by us', async () => {
    await expectCapture(`${config}\nprintf '${attributes.replaceAll('\n', '\\n')}' > .gitattributes`, [
      '.gitattributes',
    ])
  })

  it('would have started one in a git that trusts it', async () => {
    const { into } = await workspaceOf()
    sh(
      into,
      `${config}\nprintf '${attributes.replaceAll('\n', '\\n')}' > .gitattributes; rm .git/info/attributes; echo 1 > a.txt; git add a.txt || true`,
    )
    expect(existsSync(canary)).toBe(true)
    sh(dir, `rm ${canary}`)
  })

  it('has an index that says nothing changed', async () => {
    await expectCapture(
      'git add new.txt; git update-index --assume-unchanged a.txt; git update-index --skip-worktree new.txt',
    )
    await expectCapture(
      'git config core.ignoreStat true; git config core.checkStat minimal; git config core.trustctime false; git add -A; git commit -q -m mine',
    )
    await expectCapture('printf garbage > .git/index')
  })

  it('has replaced objects, grafts, its own rules and sparse checkout', async () => {
    await expectCapture(
      'git add -A; git replace HEAD $(git commit-tree -m x $(git write-tree)); git replace $(git rev-parse HEAD:a.txt) $(git hash-object -w a.txt)',
    )
    await expectCapture(
      'git rev-parse HEAD > .git/info/grafts; echo "*" > .git/info/exclude; echo "* -diff filter=x" > .git/info/attributes',
    )
    await expectCapture(
      'git config core.sparseCheckout true; echo /b.txt > .git/info/sparse-checkout; git config core.excludesFile .git/all; echo "*" > .git/all; git config core.ignoreCase true; git config core.fileMode false',
    )
  })

  it('has another .git than it was given', async () => {
    await expectCapture('rm -rf .git')
    await expectCapture(`rm -rf .git; echo "gitdir: ${base}/.git" > .git`)
    await expectCapture(`rm -rf .git; ln -s ${base}/.git .git`)
    await expectCapture('rm -rf .git; ln -s / .git')
    await expectCapture('rm -rf .git; mkfifo .git')
    await expectCapture(`git config core.worktree ${base}; git config core.bare true`)
    await expectCapture(`rm -rf .git; git init -q --separate-git-dir ${dir}/elsewhere-${n} .`)
  })

  it('has rules that are links out of it', async () => {
    sh(dir, 'echo "*" > outside-rules')
    await expectCapture(`ln -s ${dir}/outside-rules .gitignore; ln -s ${dir}/outside-rules .gitattributes`, [
      '.gitignore',
      '.gitattributes',
    ])
  })

  it('never changes the source', async () => {
    expect(sh(base, 'git status --porcelain; git rev-list --count HEAD').trim()).toBe('1')
  })
})

describe('a folder of more entries than the limit', () => {
  it('is left before all of it is read', async () => {
    const folder = join(dir, 'crowded')
    mkdirSync(folder)
    sh(folder, 'seq 3000 | xargs touch')
    let seen = 0
    const counter = {
      add: (count: number) => {
        seen += count
        if (seen > 100) throw new Error('enough')
      },
    }
    await expect(listFolder(folder, '', counter)).rejects.toThrow('enough')
    expect(seen).toBe(101)
  })
})

describe('a hostile source', () => {
  it('lists as millions of files: it is refused by name', async () => {
    const bomb = repository(join(dir, 'bomb'), { f: '1' })
    sh(
      bomb,
      `names() { for i in 0 1 2 3 4 5 6 7 8 9; do printf '%s\tn-%s\n' "$1" "$i"; done; }
      tree=$(names "100644 blob $(git rev-parse HEAD:f)" | git mktree)
      for level in 1 2 3 4 5 6; do tree=$(names "040000 tree $tree" | git mktree); done
      git update-ref refs/heads/main "$(git commit-tree -m bomb "$tree")"`,
    )
    const found = await refusal(workspaces.resolve({ git: bomb, from: '/' }))
    expect(found.code).toBe('LIMIT_EXCEEDED')
  })

  it('starts nothing when it is resolved and cloned', async () => {
    const source = repository(join(dir, 'source'), { 'a.txt': 'one\n', 'b.txt': 'two\n', '.gitattributes': '' })
    write(source, { '.gitattributes': attributes })
    sh(
      source,
      `git add -A && git commit -q -m attributes\n${config}\ntouch -d 2001-01-01 a.txt; printf 'xxx\\n' > b.txt`,
    )
    const { workspace, into } = await workspaceOf(source)
    expect(existsSync(canary)).toBe(false)
    expect(workspace).toMatchObject({ uncommitted: { count: 1, paths: ['b.txt'] } })
    expect(sh(into, 'cat b.txt; ls .git/hooks 2>/dev/null || true')).toBe('two\n')
    // A commit that the mirror lacks is fetched, which runs git in the source.
    const loose = sh(
      source,
      `GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null git commit-tree -m loose 'HEAD^{tree}'`,
    ).trim()
    const later = await workspaces.resolve({ git: source, ref: loose, from: '/' })
    mkdirSync(join(dir, 'later'))
    await workspaces.materialize(later, join(dir, 'later'))
    expect(existsSync(canary)).toBe(false)
  })

  it('lacks objects and says which program brings them: it is not started', async () => {
    const source = repository(join(dir, 'partial'), { 'a.txt': 'one\n' })
    sh(
      source,
      `printf '#!/bin/sh\\ntouch ${canary}\\n' > ${dir}/upload; chmod +x ${dir}/upload
      git config extensions.partialClone origin; git config core.repositoryFormatVersion 1
      git config remote.origin.url ${base}; git config remote.origin.promisor true; git config remote.origin.uploadpack ${dir}/upload
      blob=$(git rev-parse HEAD:a.txt); rm -f .git/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-); echo 2 > a.txt`,
    )
    await Promise.allSettled([workspaceOf(source)])
    expect(existsSync(canary)).toBe(false)
  })
})
