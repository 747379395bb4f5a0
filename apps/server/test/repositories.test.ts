import { execFileSync } from 'node:child_process'
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
