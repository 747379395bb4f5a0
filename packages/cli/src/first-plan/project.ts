import { fromSystemError, systemCode } from '@seamark/kit'
import { constants, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What a set-up runs once, so that every item finds what it leaves. */
export interface DetectedSetup {
  readonly run: string
  /** Files that it reads, as the plan names them. */
  readonly key: readonly string[]
  /** Folders that it leaves. */
  readonly paths: readonly string[]
  /** Registries that it asks. */
  readonly hosts: readonly string[]
  readonly registry: 'npm' | 'pypi'
}

/** One toolchain that a repository is made with. */
export interface DetectedProject {
  readonly language: string
  /** The program that is called, such as `npm`. */
  readonly program: string
  /** Files that told. */
  readonly because: readonly string[]
  /** Command line of its tests, where it has some. */
  readonly test?: string
  /** Environment of an item that runs them. */
  readonly env?: Readonly<Record<string, string>>
  readonly setup?: DetectedSetup
  /** Why its tests are left out: no set-up is known that installs what they need, or it can not be told which they are. */
  readonly missing?: string
}

/** A folder's own files, looked into as far as they tell something. */
interface Folder {
  readonly has: (name: string) => boolean
  /** Text of a file, or nothing where it is not there or too large to be what its name says. */
  readonly text: (name: string) => Promise<string | undefined>
}

const MOST_BYTES = 4 * 2 ** 20

/** What is in the folder itself, in the order in which their items are written. Errors: those of the system. */
export async function detectProjects(dir: string): Promise<readonly DetectedProject[]> {
  const names = new Set(await readdir(dir))
  const folder: Folder = { has: (name) => names.has(name), text: (name) => smallText(join(dir, name)) }
  const looks = [node, python, go, rust]
  const found = (await Promise.all(looks.map((look) => look(folder)))).filter((project) => project !== undefined)
  // A Makefile often only calls what was found already.
  const made = found.length === 0 ? await make(folder) : undefined
  return made === undefined ? found : [made]
}

async function smallText(path: string): Promise<string | undefined> {
  try {
    // A link may lead to a device or a pipe, which never end.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = await file.stat()
    if (!found.isFile() || found.size > MOST_BYTES) return undefined
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MOST_BYTES), position: 0 })
    return buffer.toString('utf8', 0, bytesRead)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ELOOP' || code === 'ENXIO') return undefined
    throw fromSystemError(error, `Reading ${path}`)
  }
}

interface NodeManager {
  readonly program: string
  readonly locks: readonly string[]
  readonly install: string
  readonly host: string
}

const npmHost = 'registry.npmjs.org'
const managers: readonly NodeManager[] = [
  { program: 'pnpm', locks: ['pnpm-lock.yaml'], install: 'pnpm install --frozen-lockfile', host: npmHost },
  { program: 'bun', locks: ['bun.lock', 'bun.lockb'], install: 'bun install --frozen-lockfile', host: npmHost },
  { program: 'yarn', locks: ['yarn.lock'], install: 'yarn install --frozen-lockfile', host: 'registry.yarnpkg.com' },
  {
    program: 'npm',
    locks: ['package-lock.json', 'npm-shrinkwrap.json'],
    install: 'npm ci --no-audit --no-fund',
    host: npmHost,
  },
]

async function node({ has, text }: Folder): Promise<DetectedProject | undefined> {
  const source = await text('package.json')
  if (source === undefined) return undefined
  const manifest = jsonObject(source)
  const language = has('tsconfig.json') ? 'TypeScript' : 'JavaScript'
  const asked = manifest?.['packageManager']
  const named = typeof asked === 'string' ? asked.split('@', 1)[0] : undefined
  const manager =
    managers.find(({ program }) => program === named) ??
    managers.find(({ locks }) => locks.some(has)) ??
    managers.find(({ program }) => program === 'npm')
  if (manager === undefined) return undefined
  const { program, locks, install, host } = manager
  const lock = locks.find(has)
  const because = ['package.json', ...(lock === undefined ? [] : [lock])]
  if (manifest === undefined) return { language, program, because, missing: 'package.json is no JSON' }
  const test = object(manifest['scripts'])?.['test']
  // What `npm init` writes, which only fails.
  const tested = typeof test === 'string' && test.trim() !== '' && !test.includes('no test specified')
  const project = {
    language,
    program,
    because,
    ...(tested && { test: `${program === 'bun' ? 'bun run' : program} test` }),
  }
  if (!tested) return project
  const needs = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].some(
    (kind) => Object.keys(object(manifest[kind]) ?? {}).length > 0,
  )
  const parts = manifest['workspaces'] !== undefined || has('pnpm-workspace.yaml')
  if (!needs && !parts) return project
  if (lock === undefined) return { ...project, missing: 'there is no lock file' }
  if (parts)
    return { ...project, missing: 'it has packages of its own, whose package.json files a set-up has to be told' }
  if (program === 'yarn' && !(await text('yarn.lock'))?.includes('# yarn lockfile v1'))
    return { ...project, missing: 'its lock file is of a later Yarn than 1' }
  const key = [...because, ...['.npmrc', '.yarnrc'].filter(has)]
  return { ...project, setup: { run: install, key, paths: ['node_modules'], hosts: [host], registry: 'npm' } }
}

// Where what a project depends on may stand besides requirements.txt, in TOML, INI and Python.
const PYTHON_NEEDS =
  /^[ \t]*(?:dependencies[ \t]*=[ \t]*\[\s*[^\]\s]|\[[^\]\n]{0,200}dependenc[^\]\n]{0,200}\])|\b(?:install|tests|extras)_requires?\b/m

async function python({ has, text }: Folder): Promise<DetectedProject | undefined> {
  const because = ['pyproject.toml', 'requirements.txt', 'setup.py', 'setup.cfg'].filter(has)
  if (because.length === 0) return undefined
  const listed = ((await text('requirements.txt')) ?? '').split('\n').map((line) => line.trim())
  const requirements = listed.filter((line) => line !== '' && !line.startsWith('#'))
  const others = await Promise.all(['pyproject.toml', 'setup.cfg', 'setup.py'].map(text))
  const named = (line: string): boolean => /^pytest\b/.test(line)
  const byPytest = requirements.some(named) || has('pytest.ini') || has('conftest.py') || others.some(isPytest)
  const folder = ['tests', 'test'].find(has)
  const discover = folder === undefined ? undefined : `python3 -m unittest discover -s ${folder}`
  const test = byPytest ? 'python3 -m pytest' : discover
  const found = { language: 'Python', program: 'python3', because, ...(test !== undefined && { test }) }
  if (test === undefined) return found
  if (others.some((source) => PYTHON_NEEDS.test(source ?? '')))
    return { ...found, missing: 'what it depends on is not in requirements.txt alone' }
  if (requirements.some((line) => line.startsWith('-')))
    return { ...found, missing: 'requirements.txt has options, which may name files that a set-up has to be told' }
  if (byPytest && !requirements.some(named)) return { ...found, missing: 'requirements.txt does not name pytest' }
  if (requirements.length === 0) return found
  // Not into a virtual environment, whose programs name the folder that they were made in.
  const into = 'python-packages'
  const setup: DetectedSetup = {
    run: `python3 -m pip install --target ${into} -r requirements.txt`,
    key: ['requirements.txt'],
    paths: [into],
    hosts: ['pypi.org', 'files.pythonhosted.org'],
    registry: 'pypi',
  }
  return { ...found, env: { PYTHONPATH: into }, setup }
}

function isPytest(source: string | undefined): boolean {
  return /\bpytest\b/.test(source ?? '')
}

async function go({ has, text }: Folder): Promise<DetectedProject | undefined> {
  if (!has('go.mod')) return undefined
  const project = { language: 'Go', program: 'go', because: ['go.mod'], test: 'go test ./...' }
  const needs = /^[ \t]*require\b/m.test((await text('go.mod')) ?? '') && !has('vendor')
  return needs ? { ...project, missing: 'its modules are not in vendor/ (go mod vendor)' } : project
}

async function rust({ has, text }: Folder): Promise<DetectedProject | undefined> {
  if (!has('Cargo.toml')) return undefined
  const project = { language: 'Rust', program: 'cargo', because: ['Cargo.toml'], test: 'cargo test --offline' }
  const needs = /^[ \t]*\[(?:.*\.)?(?:(?:dev-|build-)?dependencies[\].]|workspace\])/m
  return needs.test((await text('Cargo.toml')) ?? '') && !has('vendor')
    ? { ...project, missing: 'its crates are not in vendor/ (cargo vendor)' }
    : project
}

async function make({ has, text }: Folder): Promise<DetectedProject | undefined> {
  const file = ['GNUmakefile', 'makefile', 'Makefile'].find(has)
  if (file === undefined || !/^test\s*:(?!=)/m.test((await text(file)) ?? '')) return undefined
  return { language: 'Make', program: 'make', because: [file], test: 'make test' }
}

type Values = Readonly<Record<string, unknown>>

function jsonObject(text: string): Values | undefined {
  try {
    return object(JSON.parse(text))
  } catch {
    return undefined
  }
}

function object(value: unknown): Values | undefined {
  return isObject(value) ? value : undefined
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
