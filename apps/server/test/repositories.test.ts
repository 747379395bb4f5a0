import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())
const git = (repository: string, ...args: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd: join(here.dir, repository),
    encoding: 'utf8',
  })

it('fills submodules from what is listed, and refuses others at submit with their place', async () => {
  const lib = here.repository('lib', { 'l.txt': 'lib\n' })
  here.repository('app', { '.gitmodules': `[submodule "lib"]\n\tpath = lib\n\turl = ${lib}\n` })
  git('app', 'update-index', '--add', '--cacheinfo', `160000,${git('lib', 'rev-parse', 'HEAD').trim()},lib`)
  git('app', 'commit', '-qm', 'lib')
  here.write(
    'plan.yaml',
    `version: 1
workspace: { git: app, submodules: true }
defaults: { executor: process }
items:
  - { id: reads, run: cat lib/l.txt, gates: [{ run: cat lib/l.txt }] }
  - { id: writes, run: echo x >> lib/l.txt }
`,
  )
  here.write('seamark.config.mjs', `export default { git: { submodules: [${JSON.stringify(lib)}] } }\n`)
  const refused = await here.seamark('run', 'plan.yaml', '--config', 'none', '--json')
  expect(refused.code).toBe(3)
  expect(JSON.parse(refused.err).error.problems).toMatchObject([
    { code: 'FORBIDDEN', place: { pointer: '/workspace/submodules', line: 2 } },
  ])
  const config = ['--config', 'seamark.config.mjs']
  expect((await here.seamark('run', 'plan.yaml', '--id', 'r', ...config)).code).toBe(11)
  expect((await here.seamark('logs', 'r', 'reads', ...config)).out).toBe('lib\n')
  expect((await here.seamark('logs', 'r', 'reads', '--gate', '1', ...config)).out).toBe('lib\n')
  const { items } = JSON.parse((await here.seamark('status', 'r', '--json', ...config)).out)
  const ends = items.map(({ item, status, reason }: Record<string, string>) => [item, status, reason])
  expect(ends).toEqual([
    ['reads', 'succeeded', 'completed'],
    ['writes', 'failed', 'unsupported-file'],
  ])
})

it('fills files of Git LFS for items, their gates and a set-up, and ends an attempt that changes one', async () => {
  const none = ['--config', 'none']
  const sha256 = createHash('sha256').update('large\n').digest('hex')
  here.repository('large', {
    '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
    'a.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize 6\n`,
  })
  here.write(
    'lfs.yaml',
    `version: 1
workspace: { git: large, lfs: true, setup: { run: cp a.bin made, key: [a.bin], paths: [made] } }
defaults: { executor: process }
items:
  - { id: reads, run: cat a.bin made && echo n > n.bin, gates: [{ run: cat a.bin n.bin }] }
  - { id: writes, run: echo x >> a.bin }
`,
  )
  const refused = await here.seamark('run', 'lfs.yaml', '--json', ...none)
  expect(JSON.parse(refused.err).error.problems).toMatchObject([
    { code: 'NOT_FOUND', place: { pointer: '/workspace/lfs', line: 2 } },
  ])
  const folder = join(here.dir, 'large/.git/lfs/objects', sha256.slice(0, 2), sha256.slice(2, 4))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, sha256), 'large\n')
  expect((await here.seamark('run', 'lfs.yaml', '--id', 'l', ...none)).code).toBe(11)
  expect((await here.seamark('logs', 'l', 'reads', ...none)).out).toBe('large\nlarge\n')
  expect((await here.seamark('logs', 'l', 'reads', '--gate', '1', ...none)).out).toBe('large\nn\n')
  const { items } = JSON.parse((await here.seamark('status', 'l', '--json', ...none)).out)
  const ends = items.map(({ item, status, reason }: Record<string, string>) => [item, status, reason])
  expect(ends).toEqual([
    ['reads', 'succeeded', 'completed'],
    ['writes', 'failed', 'unsupported-file'],
  ])
})
