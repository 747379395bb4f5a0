import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parsePlan } from '@seamark/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configText } from '../src/first-plan/config-text.ts'
import { planText } from '../src/first-plan/plan-text.ts'
import { detectProjects } from '../src/first-plan/project.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-first-plan-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

interface Written {
  readonly workspace?: { readonly setup?: object }
  readonly items: readonly { readonly id: string }[]
}

const deployment = { queues: ['default'], executors: [{ name: 'sandbox' }], runtimes: ['command'] }

async function detected(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  const projects = await detectProjects(dir)
  const text = planText({ command: 'seamark run seamark.yaml', inRepository: true, projects })
  expect(parsePlan(text, { format: 'yaml', deployment }), text).toMatchObject({ ok: true })
  return { projects, text, config: configText(projects), plan: parse(text) as Written }
}

const npm = { scripts: { test: 'vitest' }, devDependencies: { vitest: '4.0.0' } }
const lock = '{"lockfileVersion":3}'

it.each([
  ['npm', { 'package-lock.json': lock }, {}, 'npm ci --no-audit --no-fund', 'package-lock.json', 'registry.npmjs.org'],
  ['pnpm', { 'pnpm-lock.yaml': 'a' }, {}, 'pnpm install --frozen-lockfile', 'pnpm-lock.yaml', 'registry.npmjs.org'],
  [
    'yarn',
    { 'yarn.lock': '# yarn lockfile v1\n' },
    {},
    'yarn install --frozen-lockfile',
    'yarn.lock',
    'registry.yarnpkg.com',
  ],
  [
    'npm',
    { 'package-lock.json': lock, 'yarn.lock': '' },
    { packageManager: 'npm@11.0.0' },
    'npm ci --no-audit --no-fund',
    'package-lock.json',
    'registry.npmjs.org',
  ],
])('installs what %s locks, and tests with it', async (program, files, more, run, lockFile, host) => {
  const { plan, config } = await detected({ 'package.json': JSON.stringify({ ...npm, ...more }), ...files })
  expect(plan.workspace).toMatchObject({
    git: '.',
    setup: { run, key: ['package.json', lockFile], paths: ['node_modules'] },
  })
  expect(plan.items.map(({ id }) => id)).toEqual(['test', 'note'])
  expect(plan.items[0]).toMatchObject({ run: `${program} test` })
  expect(plan.items[1]).toMatchObject({ gates: [{ run: `${program} test` }] })
  expect(config).toContain(`{ host: '${host}', mode: 'intercept', methods: ['GET'] }`)
})

it('needs no set-up where there is nothing to install', async () => {
  const { plan, config } = await detected({ 'package.json': JSON.stringify({ scripts: { test: 'node --test' } }) })
  expect(plan.workspace?.setup).toBeUndefined()
  expect(plan.items[0]).toMatchObject({ run: 'npm test' })
  expect(config).toBeUndefined()
})

it('tells several toolchains apart, with one set-up for them', async () => {
  const { plan, config } = await detected({
    'package.json': JSON.stringify(npm),
    'package-lock.json': lock,
    'requirements.txt': '# tools\npytest==9.0.0\n',
    'go.mod': 'module acme.example/x\n',
    'Cargo.toml': '[package]\nname = "x"\n',
    Makefile: 'test:\n\tfalse\n',
  })
  expect(plan.items.map(({ id }) => id)).toEqual(['test-npm', 'test-python3', 'test-go', 'test-cargo', 'note'])
  expect(plan.items[1]).toMatchObject({ run: 'python3 -m pytest', env: { PYTHONPATH: 'python-packages' } })
  expect(plan.workspace?.setup).toMatchObject({
    key: ['package.json', 'package-lock.json', 'requirements.txt'],
    paths: ['node_modules', 'python-packages'],
  })
  expect(config).toContain("{ host: 'files.pythonhosted.org', kind: 'pypi' }")
})

it('takes the tests of a Makefile where nothing else tells', async () => {
  const { plan } = await detected({ Makefile: 'all:\n\ntest: all\n\ttrue\n' })
  expect(plan.items[0]).toMatchObject({ id: 'test', run: 'make test' })
})

const modules = 'module acme.example/x\n\nrequire golang.org/x/text v0.3.0\n'
it.each([
  ['no lock file', { 'package.json': JSON.stringify(npm) }, 'there is no lock file'],
  [
    'workspaces',
    { 'package.json': JSON.stringify({ ...npm, workspaces: ['a'] }), 'package-lock.json': lock },
    'packages of its own',
  ],
  ['a later Yarn', { 'package.json': JSON.stringify(npm), 'yarn.lock': '__metadata:\n' }, 'a later Yarn than 1'],
  ['modules of Go', { 'go.mod': modules }, 'go mod vendor'],
  ['members of Cargo', { 'Cargo.toml': '[workspace]\nmembers = ["a"]\n' }, 'cargo vendor'],
  [
    'Poetry',
    { 'pyproject.toml': '[tool.poetry.dependencies]\nrequests = "^2"\n', 'tests/a.py': '' },
    'requirements.txt alone',
  ],
  ['extras', { 'pyproject.toml': '[project.optional-dependencies]\ndev = ["pytest"]\n' }, 'requirements.txt alone'],
  ['setup.py', { 'setup.py': 'setup(install_requires=["a"])\n', 'tests/a.py': '' }, 'requirements.txt alone'],
  ['pytest that nothing names', { 'requirements.txt': 'httpx\n', 'conftest.py': '' }, 'does not name pytest'],
  ['files of pip', { 'requirements.txt': '-r base.txt\npytest\n' }, 'has options'],
  ['crates', { 'Cargo.toml': '[package]\nname = "x"\n[dependencies]\nserde = "1"\n' }, 'cargo vendor'],
  [
    'a pyproject.toml alone',
    { 'pyproject.toml': '[project]\ndependencies = ["httpx"]\n', 'tests/test_a.py': '' },
    'requirements.txt alone',
  ],
])('leaves out tests that it can not install for: %s', async (_, files, why) => {
  const { plan, text, config } = await detected(files)
  expect(plan.items.map(({ id }) => id)).toEqual(['count', 'note', 'together'])
  expect(text).toContain(`# Left out, since`)
  expect(text).toContain(why)
  expect(config).toBeUndefined()
})

it('looks for tests of Python in their folder', async () => {
  const { plan } = await detected({ 'pyproject.toml': '[project]\nname = "x"\n', 'tests/test_a.py': '' })
  expect(plan.items[0]).toMatchObject({ run: 'python3 -m unittest discover -s tests' })
})

it('takes modules of Go that are in the repository', async () => {
  const { plan } = await detected({ 'go.mod': modules, 'vendor/modules.txt': '' })
  expect(plan.items[0]).toMatchObject({ run: 'go test ./...' })
})

it.each([
  ['is no JSON', '{'],
  ['is a list', '[]'],
  ['has another form', '{"scripts":[],"dependencies":3,"packageManager":{}}'],
  ['has no tests', JSON.stringify({ scripts: { test: 'echo "Error: no test specified" && exit 1' } })],
  ['is endless', `"${'x'.repeat(5 * 2 ** 20)}"`],
])('writes a plan that runs where package.json %s', async (_, source) => {
  const { plan } = await detected({ 'package.json': source })
  expect(plan.items.map(({ id }) => id)).toEqual(['count', 'note', 'together'])
})

it('reads nothing without an end through a link, and no file for ever', async () => {
  symlinkSync('/dev/zero', join(dir, 'package.json'))
  execFileSync('mkfifo', [join(dir, 'go.mod')])
  const { projects } = await detected({
    'Cargo.toml': '\n'.repeat(4 * 2 ** 20),
    'pyproject.toml': `${'\n'.repeat(2 ** 20)}[${'dependenc'.repeat(2 ** 17)}`,
  })
  expect(projects.map(({ language }) => language)).toEqual(['Python', 'Go', 'Rust'])
})

it('says what it can not read', async () => {
  const { projects } = await detected({ 'package.json': '{' })
  expect(projects).toMatchObject([{ language: 'JavaScript', missing: 'package.json is no JSON' }])
})

it('takes a folder of that name for no file', async () => {
  mkdirSync(join(dir, 'package.json'))
  mkdirSync(join(dir, 'Makefile'))
  expect((await detected({})).projects).toEqual([])
})
