import { createServer } from 'node:net'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gitWorkspaces } from '../src/index.ts'
import { refusal, repository, sh, temporary, write } from './repository.ts'

const dir = temporary()
const workspaces = gitWorkspaces({ dir: join(dir, 'worker') })
const base = repository(join(dir, 'base'), {
  'a.txt': 'one\n',
  'dir/b.txt': 'two\n',
  'dir/c.bin': Buffer.from([0, 1, 2, 255]),
  'run.sh': '#!/bin/sh\n',
  '.gitignore': 'ignored/\n*.log\n!kept.log\n',
  'ignored/tracked.txt': 'tracked all the same\n',
})
let n = 0

async function fresh() {
  const workspace = await workspaces.resolve({ git: base, from: '/' })
  const into = join(dir, `workspace-${n++}`)
  mkdirSync(into)
  await workspaces.materialize(workspace, into)
  return { workspace, into }
}

/** Edits a fresh workspace; its changes and, applied to another, the tree that they make. */
async function captured(edit: (into: string) => void, exclude: string[] = []) {
  const { workspace, into } = await fresh()
  edit(into)
  const diff = await workspaces.diff(workspace, into, { exclude })
  if (diff === undefined) throw new Error('no diff')
  const applied = sh(dir, `rm -rf again && git clone -q ${base} again`) + ''
  expect(applied).toBe('')
  if (diff.patch.length > 0) {
    writeFileSync(join(dir, 'patch'), diff.patch)
    sh(join(dir, 'again'), 'git apply --index --binary ../patch')
  }
  expect(sh(join(dir, 'again'), 'git write-tree').trim()).toBe(diff.tree)
  return diff
}

describe('capture', () => {
  it('finds nothing where nothing changed, even with every time faked', async () => {
    const diff = await captured((into) =>
      sh(into, 'find . -path ./.git -prune -o -type f -exec touch -d 2001-01-01 {} +'),
    )
    expect(diff).toMatchObject({ files: [] })
    expect(diff.patch).toHaveLength(0)
  })

  it('takes new, changed, deleted, binary, empty and executable files, and links as links', async () => {
    const diff = await captured((into) => {
      write(into, {
        'new file': 'n\n',
        'dir/c.bin': Buffer.from([0, 9, 255, 254]),
        'big.bin': Buffer.alloc(70_000, 7),
        empty: '',
      })
      sh(into, 'rm a.txt; chmod +x run.sh; ln -s /etc/passwd out; ln -s ../../../.. up; ln -s nowhere dangling')
    })
    expect(diff.files).toEqual([
      { path: 'a.txt', change: 'deleted' },
      { path: 'big.bin', change: 'added' },
      { path: 'dangling', change: 'added' },
      { path: 'dir/c.bin', change: 'modified' },
      { path: 'empty', change: 'added' },
      { path: 'new file', change: 'added' },
      { path: 'out', change: 'added' },
      { path: 'run.sh', change: 'modified' },
      { path: 'up', change: 'added' },
    ])
    expect(Buffer.from(diff.patch).toString('latin1')).not.toContain('root:')
  })

  it('takes any file name', async () => {
    const names = [
      '-dash',
      ':colon',
      ':(top)x',
      'tab\there',
      'new\nline',
      'quo"te',
      "apo'strophe",
      'back\\slash',
      ' lead',
      'trail ',
      'ünïcödé',
      '*glob?',
      '#hash',
      '!bang',
      'a=b',
    ]
    const diff = await captured((into) => {
      for (const name of names) writeFileSync(join(into, name), name)
      writeFileSync(Buffer.concat([Buffer.from(into + '/'), Buffer.from([0x66, 0xff, 0xfe, 0x0a])]), 'bytes')
    })
    const found = diff.files.map((file) =>
      file.encoding === 'base64' ? Buffer.from(file.path, 'base64').toString('latin1') : file.path,
    )
    expect(new Set(found)).toEqual(new Set([...names, 'f\xff\xfe\n']))
  })

  it('takes a folder for a file, a file for a folder, and a link for a folder', async () => {
    const diff = await captured((into) => {
      sh(
        into,
        'rm a.txt; mkdir a.txt; echo 1 > a.txt/inside; rm -r ignored; echo 2 > ignored; mv dir moved; ln -s moved dir',
      )
    })
    expect(diff.files.map(({ path, change }) => `${change} ${path}`)).toEqual([
      'deleted a.txt',
      'added a.txt/inside',
      'added dir',
      'deleted dir/b.txt',
      'deleted dir/c.bin',
      'added ignored',
      'deleted ignored/tracked.txt',
      'added moved/b.txt',
      'added moved/c.bin',
    ])
  })

  it('leaves out what is ignored and takes tracked files in ignored folders', async () => {
    const diff = await captured((into) =>
      write(into, {
        'ignored/new': '1',
        'ignored/tracked.txt': 'changed\n',
        'x.log': '1',
        'kept.log': '1',
        'sub/.gitignore': 'no\n',
        'sub/no': '',
        'sub/yes': '',
      }),
    )
    expect(diff.files.map(({ path }) => path)).toEqual(['ignored/tracked.txt', 'kept.log', 'sub/.gitignore', 'sub/yes'])
  })

  it('leaves out excluded paths, whatever the base has there', async () => {
    const diff = await captured(
      (into) => {
        write(into, { 'dir/b.txt': 'changed', 'node_modules/x': '1', other: '1' })
      },
      ['dir', 'node_modules'],
    )
    expect(diff.files.map(({ path }) => path)).toEqual(['other'])
  })

  it('takes repositories made inside as plain files', async () => {
    const diff = await captured((into) => {
      sh(
        into,
        'mkdir -p deep/nested/more && cd deep/nested && git init -q . && echo 1 > f && git add f && git commit -q -m x && echo 2 > more/g && mkdir ../file && echo "gitdir: /etc" > ../file/.git && echo 3 > ../file/h',
      )
    })
    expect(diff.files.map(({ path }) => path)).toEqual(['deep/file/h', 'deep/nested/f', 'deep/nested/more/g'])
  })

  it('names pipes, sockets and what git refuses, unless they are ignored', async () => {
    const { workspace, into } = await fresh()
    sh(into, 'mkfifo x.log ignored/pipe')
    expect((await workspaces.diff(workspace, into))?.files).toEqual([])
    sh(into, 'mkfifo dir/pipe')
    expect(await refusal(workspaces.diff(workspace, into))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('dir/pipe'),
    })
    sh(into, 'rm dir/pipe a.txt && mkfifo a.txt')
    expect(await refusal(workspaces.diff(workspace, into))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('a.txt'),
    })
    sh(into, 'rm a.txt && echo one > a.txt && echo 1 > "git~1"')
    expect(await refusal(workspaces.diff(workspace, into))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('git~1'),
    })
    rmSync(join(into, 'git~1'))
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(into, 'socket'), resolve))
    expect(await refusal(workspaces.diff(workspace, into))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('socket'),
    })
    await new Promise((resolve) => server.close(resolve))
  })

  it('does not wait for a pipe that stands for a file with rules', async () => {
    for (const name of ['.gitignore', 'dir/.gitignore', '.gitattributes', 'dir/.gitattributes']) {
      const { workspace, into } = await fresh()
      sh(into, `rm -f ${name}; mkfifo ${name}; echo 1 > dir/new`)
      expect((await refusal(workspaces.diff(workspace, into))).code).toBe('UNSUPPORTED')
    }
  })

  it('names each limit and the path', async () => {
    const { workspace, into } = await fresh()
    const small = (limits: object) => gitWorkspaces({ dir: join(dir, 'worker'), limits })
    write(into, { one: 'x'.repeat(2000), two: '2', 'three/four/five': '5' })
    for (const [limits, named] of [
      [{ maxFileBytes: 1000 }, 'one'],
      [{ maxChangedFiles: 1 }, 'changed files'],
      [{ maxPatchBytes: 500 }, 'patch'],
      [{ maxEntries: 5 }, 'entries'],
      [{ maxDepth: 1 }, 'three/four/five'],
    ] as const)
      expect(await refusal(small(limits).diff(workspace, into))).toMatchObject({
        code: 'LIMIT_EXCEEDED',
        message: expect.stringContaining(named),
      })
    // Only what is new or changed counts.
    rmSync(join(into, 'one'))
    rmSync(join(into, 'two'))
    rmSync(join(into, 'three'), { recursive: true })
    expect((await small({ maxFileBytes: 1, maxDepth: 0, maxChangedFiles: 0 }).diff(workspace, into))?.files).toEqual([])
    // Nothing of a file that claims a terabyte is read.
    writeFileSync(join(into, 'sparse'), '')
    truncateSync(join(into, 'sparse'), 2 ** 40)
    expect((await refusal(workspaces.diff(workspace, into))).code).toBe('LIMIT_EXCEEDED')
  })

  it('names a path that is too long to open', async () => {
    const { workspace, into } = await fresh()
    sh(into, `for i in $(seq 1 30); do mkdir ${'d'.repeat(200)} && cd ${'d'.repeat(200)}; done; echo 1 > f`)
    expect((await refusal(workspaces.diff(workspace, into))).code).toBe('LIMIT_EXCEEDED')
  })

  it('goes no further down than its limit', async () => {
    const { workspace, into } = await fresh()
    sh(into, `for i in $(seq 1 1000); do mkdir d && cd d; done; echo 1 > f`)
    const shallow = gitWorkspaces({ dir: join(dir, 'worker'), limits: { maxDepth: 10 } })
    expect((await refusal(shallow.diff(workspace, into))).code).toBe('LIMIT_EXCEEDED')
    // What is ignored is not gone into.
    write(into, { '.gitignore': 'd/\n' })
    expect((await shallow.diff(workspace, into))?.files).toMatchObject([{ path: '.gitignore' }])
  })

  it('keeps bytes as they are, whatever the attributes say', async () => {
    const attributes = '* text=auto eol=crlf ident\nf working-tree-encoding=UTF-16\n'
    const source = repository(join(dir, 'attributes'), { f: 'a\n$Id$\n' })
    write(source, { '.gitattributes': attributes })
    sh(source, 'git add .gitattributes && git commit -q -m attributes')
    const workspace = await workspaces.resolve({ git: source, from: '/' })
    const into = join(dir, 'attributes-workspace')
    mkdirSync(into)
    await workspaces.materialize(workspace, into)
    expect(sh(into, 'cat f')).toBe('a\n$Id$\n')
    expect((await workspaces.diff(workspace, into))?.files).toEqual([])
    write(into, { g: 'x\r\ny\n' })
    symlinkSync('g', join(into, 'h'))
    expect((await workspaces.diff(workspace, into))?.files.map(({ path }) => path)).toEqual(['g', 'h'])
    expect(sh(into, 'git status --porcelain').split('\n').filter(Boolean)).toEqual(['?? g', '?? h'])
  })
})
