import type { Problem } from '@seamark/core'
import { execFileSync } from 'node:child_process'
import { access, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/index.ts'

let root = ''
let next = 0
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'seamark-config-')))
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** A fresh repository with files in it. */
async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(root, `r${next++}`)
  await mkdir(join(folder, '.git'), { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

const claim = (value: string, proof = 'probed') => `{ value: '${value}', proof: '${proof}' }`
const anchor = (name: string) =>
  `{ spec: 'anchor/v1', kind: 'test', name: '${name}', guarantees: { beyondOperator: ${claim('')}, time: ${claim('')} }, anchor() {}, check() {}, latest() {} }`
const executor = (name: string, isolation: string, network = 'none') => `{
  spec: 'executor/v1', kind: 'test', name: '${name}',
  guarantees: { isolation: ${claim(isolation)}, network: ${claim(network)}, tree: ${claim('best-effort')} },
  launch() {}, attach() {}, events() {}, output() {}, kill() {}, list() {}, reap() {} }`

const thrown = (loading: Promise<unknown>): Promise<unknown> => loading.catch((error: unknown) => error)

describe('a file that was not named', () => {
  const bomb = (mark: string) =>
    `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(mark)}, '')\nexport default {}`

  test.each(['seamark.config.ts', 'seamark.config.mts', 'seamark.config.js', 'seamark.config.mjs'])(
    '%s is not run, and not passed over',
    async (name) => {
      const folder = await repository({ 'a/b.txt': '' })
      const mark = join(folder, 'ran')
      await writeFile(join(folder, name), bomb(mark))
      for (const cwd of [folder, join(folder, 'a')])
        expect(await thrown(loadConfig({ cwd }))).toMatchObject({
          code: 'FORBIDDEN',
          problems: [{ message: expect.stringContaining(name), remedy: expect.stringContaining('--config') }],
        })
      await expect(access(mark)).rejects.toMatchObject({ code: 'ENOENT' })
    },
  )

  test('is refused where it is a link that leads nowhere', async () => {
    const cwd = await repository({})
    await symlink('/nowhere', join(cwd, 'seamark.config.ts'))
    expect(await thrown(loadConfig({ cwd }))).toMatchObject({ code: 'FORBIDDEN' })
  })

  test('is done without on request', async () => {
    const cwd = await repository({ 'seamark.config.mjs': 'throw new Error("run")' })
    expect(await loadConfig({ cwd, named: 'none' })).toMatchObject({ config: {}, dataDir: join(cwd, '.seamark') })
  })

  test('is written into the remedy so that a shell takes it for one word', async () => {
    const folder = await repository({ "$(id)'s/seamark.config.mjs": 'export default {}' })
    const error = await thrown(loadConfig({ cwd: join(folder, "$(id)'s") }))
    const line = String(Reflect.get(Object(error), 'problems')[0].remedy).match(/--config (.*), or/)?.[1] ?? ''
    const said = execFileSync('sh', ['-c', `printf %s ${line}`], { encoding: 'utf8' })
    expect(said).toBe(join(folder, "$(id)'s/seamark.config.mjs"))
  })
})

describe('where submodules and files of Git LFS may come from', () => {
  test.each([
    ['https://git.example/acme', true],
    ['ssh://git@git.example/acme/', true],
    ['git@git.example:acme/', true],
    ['/srv/git', true],
    ['http://git.example/acme', false],
    ['https://user:word@git.example/acme', false],
    ['ssh://git:word@git.example/acme', false],
    ['ext::sh', false],
    ['../beside', false],
    ['/srv/../etc', false],
    ['', false],
  ])('%s: %s', async (folder, right) => {
    const other = `export default { git: { lfs: [${JSON.stringify(folder)}] } }`
    const same = loadConfig({ cwd: await repository({ 'seamark.config.mjs': other }), named: 'seamark.config.mjs' })
    if (right) expect(await same).toMatchObject({ config: { git: { lfs: [folder] } } })
    else await expect(same).rejects.toMatchObject({ problems: [{ place: { pointer: '/git/lfs/0' } }] })
    const text = `export default { git: { submodules: [${JSON.stringify(folder)}] } }`
    const loaded = loadConfig({ cwd: await repository({ 'seamark.config.mjs': text }), named: 'seamark.config.mjs' })
    if (right) expect(await loaded).toMatchObject({ config: { git: { submodules: [folder] } } })
    else await expect(loaded).rejects.toMatchObject({ problems: [{ place: { pointer: '/git/submodules/0' } }] })
  })

  test.each([
    [{ 'https://git.example/acme/': { user: 'robot', secret: 'forge' } }, true],
    [{ 'ssh://git@git.example/acme/': { user: 'robot', secret: 'forge' } }, false],
    [{ '/srv/git': { user: 'robot', secret: 'forge' } }, false],
    [{ 'https://git.example/acme/': { user: 'ro:bot', secret: 'forge' } }, false],
    [{ 'https://git.example/acme/': { user: 'robot', secret: 'a secret' } }, false],
    [{ 'https://git.example/acme/': { user: 'robot', password: 'forge' } }, false],
  ])('knows the passwords of git by names of secrets, for https alone: %j', async (credentials, right) => {
    const text = `export default { git: { credentials: ${JSON.stringify(credentials)} } }`
    const loaded = loadConfig({ cwd: await repository({ 'seamark.config.mjs': text }), named: 'seamark.config.mjs' })
    if (right) expect(await loaded).toMatchObject({ config: { git: { credentials } } })
    else await expect(loaded).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('finding', () => {
  test('none gives the defaults', async () => {
    const cwd = await repository({})
    expect(await loadConfig({ cwd })).toEqual({
      namespace: 'default',
      dataDir: join(cwd, '.seamark'),
      queues: [{ name: 'default', concurrency: availableParallelism() }],
      policies: { queues: {}, agents: {} },
      budgets: {},
      agents: [],
      teams: [],
      retention: {},
      quotas: {},
      config: {},
    })
  })

  test('paths in a named file are relative to it', async () => {
    const folder = await repository({
      'seamark.config.ts': 'const x: string = "acme"\nexport default { namespace: x, dataDir: "state" }',
      'a/b/c.txt': '',
    })
    expect(await loadConfig({ cwd: join(folder, 'a/b'), named: '../../seamark.config.ts' })).toMatchObject({
      file: join(folder, 'seamark.config.ts'),
      namespace: 'acme',
      dataDir: join(folder, 'state'),
    })
  })

  test('nothing above the repository is looked at', async () => {
    const outer = await repository({ 'seamark.config.mjs': 'throw new Error("run")', 'inner/.git/HEAD': '' })
    expect((await loadConfig({ cwd: join(outer, 'inner') })).file).toBeUndefined()
  })

  test('outside a repository only the folder itself counts', async () => {
    const folder = join(root, 'plain')
    await mkdir(join(folder, 'below'), { recursive: true })
    await writeFile(join(folder, 'seamark.config.mjs'), 'export default { namespace: "plain" }')
    expect((await loadConfig({ cwd: join(folder, 'below') })).namespace).toBe('default')
    expect(await thrown(loadConfig({ cwd: folder }))).toMatchObject({ code: 'FORBIDDEN' })
    expect((await loadConfig({ cwd: root, named: 'plain/seamark.config.mjs' })).namespace).toBe('plain')
  })
})

describe('what is wrong', () => {
  test.each([
    ['no such file', undefined, 'NOT_FOUND'],
    ['no JavaScript', 'export default {', 'INVALID_INPUT'],
    ['a missing import', 'import "nothing-at-all"\nexport default {}', 'INVALID_INPUT'],
    ['no default export', 'export const x = 1', 'INVALID_INPUT'],
    ['no object', 'export default 5', 'INVALID_INPUT'],
    ['a seam of another version', `export default { anchors: [{ spec: 'anchor/v2' }] }`, 'UNSUPPORTED'],
  ])('%s', async (_, text, code) => {
    const cwd = await repository(text === undefined ? {} : { 'x.mjs': text })
    await expect(loadConfig({ cwd, named: 'x.mjs' })).rejects.toMatchObject({ code })
  })

  test('every problem at once, each with its place', async () => {
    const cwd = await repository({
      'seamark.config.mjs': `export default {
        namespace: 'A/B', qeues: {}, queues: { fast: { concurrency: 0 } },
        anchors: [${anchor('one')}, ${anchor('one')}, { spec: 'anchor/v1' }, 5],
        storage: ${anchor('one')},
        signer: { spec: 'signer/v1', kind: 'k', name: 'n', guarantees: {}, role: 'export', sign() {}, publicKey() {} },
        journal: { journal: {} },
      }`,
    })
    const error: unknown = await thrown(loadConfig({ cwd, named: 'seamark.config.mjs' }))
    expect(error).toMatchObject({ code: 'INVALID_INPUT' })
    const problems: { place: { pointer: string } }[] = Reflect.get(Object(error), 'problems')
    expect(new Set(problems.map(({ place }) => place.pointer))).toEqual(
      new Set([
        '/namespace',
        '/qeues',
        '/queues/fast/concurrency',
        '/anchors/1',
        '/anchors/2',
        '/anchors/2/guarantees',
        '/anchors/3',
        '/storage',
        '/signer',
        '/signer/guarantees',
        '/journal/journal',
        '/journal/projections',
      ]),
    )
  })

  test('budgets, in the terms of the engine', async () => {
    const cwd = await repository({
      'good.mjs': `export default { budgets: { principal: { usd: 2.5, tokens: 1000 }, day: { usd: 0.000000001 } } }`,
      'bad.mjs': `export default { budgets: { principal: { usd: 1e-10 }, day: { tokens: 1.5 }, team: { usd: 1 } } }`,
    })
    expect((await loadConfig({ cwd, named: 'good.mjs' })).budgets).toEqual({
      principal: { nanoUsd: 2_500_000_000, tokens: 1_000 },
      day: { nanoUsd: 1 },
    })
    await expect(loadConfig({ cwd, named: 'bad.mjs' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: [
        { place: { pointer: '/budgets/principal/usd' } },
        { place: { pointer: '/budgets/day/tokens' } },
        { place: { pointer: '/budgets/team' } },
      ],
    })
  })

  test('agents and teams, with their budgets in the terms of the engine', async () => {
    const members = (count: number) => Array.from({ length: count }, (_, n) => [`t${n}`, { members: ['a', 'a'] }])
    const teams = (count: number) => JSON.stringify(Object.fromEntries(members(count)))
    const cwd = await repository({
      'good.mjs': `export default {
        agents: { constructor: { budget: { usd: 2.5 } }, reader: {} },
        teams: { web: { members: ['local:1', 'local:2'], budget: { tokens: 7 } }, all: { members: [] } } }`,
      'bad.mjs': `export default {
        agents: { 'A b': {}, writer: { budget: { usd: -1 }, model: 'x' } },
        teams: { web: { members: [''], budget: { tokens: 0.5 } }, data: {} } }`,
      'most.mjs': `export default { teams: ${teams(16)} }`,
      'more.mjs': `export default { teams: ${teams(18)} }`,
    })
    expect(await loadConfig({ cwd, named: 'good.mjs' })).toMatchObject({
      agents: ['constructor', 'reader'],
      teams: [
        { name: 'web', members: ['local:1', 'local:2'] },
        { name: 'all', members: [] },
      ],
      budgets: { agents: { constructor: { nanoUsd: 2_500_000_000 } }, teams: { web: { tokens: 7 } } },
    })
    const pointers = (error: unknown): unknown =>
      Reflect.get(Object(error), 'problems').map(({ code, place }: Problem) => `${code} ${place?.pointer}`)
    expect(pointers(await thrown(loadConfig({ cwd, named: 'bad.mjs' })))).toEqual([
      'INVALID_INPUT /agents/A b',
      'INVALID_INPUT /agents/writer/budget/usd',
      'INVALID_INPUT /agents/writer/model',
      'INVALID_INPUT /teams/web/members/0',
      'INVALID_INPUT /teams/web/budget/tokens',
      'INVALID_INPUT /teams/data/members',
    ])
    await loadConfig({ cwd, named: 'most.mjs' })
    expect(pointers(await thrown(loadConfig({ cwd, named: 'more.mjs' })))).toEqual(
      ['t16', 't17'].flatMap((team) => [0, 1].map((at) => `LIMIT_EXCEEDED /teams/${team}/members/${at}`)),
    )
  })

  test('policies of the deployment, of queues and of agents', async () => {
    const written = (pids: number, ofAgent = 4) => `export default {
      agents: { writer: { policy: { limits: { pids: ${ofAgent} } } }, reader: {} },
      policy: { limits: { memory: '4GiB', pids: 5 } },
      queues: { slow: { concurrency: 1, policy: { limits: { pids: ${pids} } } }, fast: { concurrency: 2 } },
    }`
    const cwd = await repository({
      'good.mjs': written(4),
      'wide.mjs': written(6),
      'wide-agent.mjs': written(4, 6),
      'bad-agent.mjs': `export default { agents: { writer: { policy: { tools: { deny: 'x' } } } } }`,
      'bad.mjs': `export default { policy: { limits: { memory: 4 } }, queues: { slow: { concurrency: 1, policy: { x: 1 } } } }`,
      'setup.mjs': `export default { setup: { policy: { limits: { pids: 9 } } } }`,
      'bad-setup.mjs': `export default { setup: { policy: { filesystem: { write: [] } } } }`,
      'odd-setup.mjs': `export default { setup: { policies: {} } }`,
    })
    expect((await loadConfig({ cwd, named: 'setup.mjs' })).policies).toEqual({
      queues: {},
      agents: {},
      setup: { limits: { pids: 9 } },
    })
    expect((await loadConfig({ cwd, named: 'good.mjs' })).policies).toEqual({
      deployment: { limits: { memoryBytes: 2 ** 32, pids: 5 } },
      queues: { slow: { limits: { pids: 4 } } },
      agents: { writer: { limits: { pids: 4 } } },
    })
    const pointers = async (named: string) => {
      const problems: Problem[] = Reflect.get(Object(await thrown(loadConfig({ cwd, named }))), 'problems')
      return problems.map(({ code, place }) => `${code} ${place?.pointer}`)
    }
    expect(await pointers('wide.mjs')).toEqual(['FORBIDDEN /queues/slow/policy/limits/pids'])
    expect(await pointers('wide-agent.mjs')).toEqual(['FORBIDDEN /agents/writer/policy/limits/pids'])
    expect(await pointers('bad-agent.mjs')).toEqual(['INVALID_INPUT /agents/writer/policy/tools/deny'])
    expect(await pointers('bad.mjs')).toEqual([
      'INVALID_INPUT /policy/limits/memory',
      'INVALID_INPUT /queues/slow/policy/x',
    ])
    expect(await pointers('bad-setup.mjs')).toEqual(['INVALID_INPUT /setup/policy/filesystem'])
    expect(await pointers('odd-setup.mjs')).toEqual(['INVALID_INPUT /setup/policies'])
  })

  test('a journal that does not say what it promises, or lacks a method', async () => {
    const cwd = await repository({
      'x.mjs': `export default { journal: {
        journal: { spec: 'journal/v1', kind: 'k', name: 'n', guarantees: { durable: ${claim('')}, fenced: ${claim('')} }, acquire() {} },
        projections: { spec: 'projections/v1', kind: 'k', name: 'n', guarantees: {}, query() {} },
      } }`,
    })
    expect(await thrown(loadConfig({ cwd, named: 'x.mjs' }))).toMatchObject({
      problems: [
        { place: { pointer: '/journal/journal/guarantees' }, message: expect.stringContaining('reserve') },
        { place: { pointer: '/journal/journal/guarantees' }, message: expect.stringContaining('erasing') },
        { place: { pointer: '/journal/journal' }, message: expect.stringContaining('purge') },
      ],
    })
  })

  test('requirements are names and words that there are', async () => {
    const cwd = await repository({
      'good.mjs': `export default { require: {
        storage: { durable: true, conditionalWrite: true, proof: 'probed' }, journal: { fenced: true, reserve: true },
        signer: { keyConfined: true, proof: 'tested' }, anchors: { count: 0, beyondOperator: true, proof: 'tested' },
      } }`,
      'bad.mjs': `export default { require: {
        storage: { fast: true }, journal: { fenced: false }, signer: { proof: 'sure' }, anchors: { beyondOperator: true },
      } }`,
    })
    expect(await loadConfig({ cwd, named: 'good.mjs' })).toMatchObject({
      config: { require: { anchors: { count: 0 } } },
    })
    const error: unknown = await thrown(loadConfig({ cwd, named: 'bad.mjs' }))
    const problems: { place: { pointer: string } }[] = Reflect.get(Object(error), 'problems')
    expect(new Set(problems.map(({ place }) => place.pointer))).toEqual(
      new Set(['/require/storage/fast', '/require/journal/fenced', '/require/signer/proof', '/require/anchors']),
    )
  })

  test('every shortfall of what is required', async () => {
    const cwd = await repository({
      'seamark.config.mjs': `export default {
        executors: [${executor('a', 'none', 'host')}, ${executor('b', 'vm')}, ${executor('c', 'namespace')}],
        anchors: [${anchor('one')}],
        require: { executor: { isolation: 'container', network: 'none' }, anchors: 2 },
      }`,
    })
    const error: unknown = await thrown(loadConfig({ cwd, named: 'seamark.config.mjs' }))
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      problems: [
        { place: { pointer: '/executors/0' } },
        { place: { pointer: '/executors/0' } },
        { place: { pointer: '/executors/2' } },
        { place: { pointer: '/anchors' } },
      ],
    })
  })
})
