#!/usr/bin/env node
// The way into every task: `node scripts/run.mjs TASK [ARGUMENTS]`. Does the set-up where it is due, then runs the
// task on a Node that the packages support. Plain JavaScript without dependencies: it starts on Node 20, before
// anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants as os, homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const pinnedNode = join(modules, 'node', 'bin', 'node')
const stampFile = join(modules, '.setup-stamp')
const lockFile = join(root, '.setup.lock')
const seamark = join(root, 'apps', 'server', 'src', 'main.ts')

/** What each task runs on the chosen Node. */
const tasks = {
  setup: undefined,
  demo: ['--conditions=source', 'scripts/demo.ts'],
  test: ['--conditions=source', 'scripts/test.ts', 'plain'],
  'test:services': ['--conditions=source', 'scripts/test.ts', 'services'],
  'test:live': ['--conditions=source', 'scripts/test.ts', 'live'],
  check: ['--conditions=source', 'scripts/check.ts'],
  bench: ['--conditions=source', 'bench/src/main.ts'],
  build: ['--conditions=source', 'scripts/build.ts'],
  new: ['--conditions=source', 'scripts/new.ts'],
  api: ['--conditions=source', 'scripts/api-report.ts'],
  format: ['--conditions=source', 'scripts/format.ts'],
  seamark: [...shebangFlags(seamark), '--conditions=source', seamark],
}

const [task = '', ...args] = process.argv.slice(2)
if (!Object.hasOwn(tasks, task)) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(tasks).join('|')} [ARGUMENTS]`)
  process.exit(2)
}

let child
let ended
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    ended ??= signal
    // A terminal delivers Ctrl-C to the child as well; a second one would ask it to stop less cleanly.
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child?.kill(signal)
  })
}

try {
  await setUp()
  const command = tasks[task]
  // The command works where it was called; npm goes to the root of the checkout and says where that was.
  const cwd = task === 'seamark' ? (process.env.INIT_CWD ?? process.cwd()) : root
  if (command !== undefined) process.exitCode = await run(nodeFor(), [...command, ...args], { stdio: 'inherit', cwd })
} catch (error) {
  if (ended === undefined) console.error(error instanceof Error ? error.message : error)
  process.exitCode = ended === undefined ? 1 : 128 + os.signals[ended]
}

/** Installs what the lockfile names, unless that is what is installed. */
async function setUp() {
  if (isSetUp()) return
  const unlock = await lock()
  try {
    // Another set-up may have done it while this one waited.
    if (isSetUp()) return
    const started = Date.now()
    process.stderr.write('Setting up: installing from the npm registry, about 20 s the first time ... ')
    const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const env = installEnvironment()
    const result = await capture('npx', ['-y', packageManager, 'install', '--frozen-lockfile'], env)
    if (ended !== undefined) process.stderr.write('stopped\n')
    if (result.code !== 0) {
      if (ended === undefined) process.stderr.write('failed\n')
      throw new Error(
        `${result.output.trim()}\n\nThe set-up failed: ${packageManager} install exited with ${result.code}.`,
      )
    }
    linkNode()
    await checkNode()
    writeFileSync(stampFile, stamp())
    process.stderr.write(`done in ${Math.round((Date.now() - started) / 1000)} s\n`)
  } finally {
    unlock()
  }
}

function isSetUp() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp()
}

/** Digest of all that decides what an install leaves: lockfile, manifests, settings, platform and place. */
function stamp() {
  const hash = createHash('sha256')
  const folders = ['packages', 'apps', 'examples'].flatMap((folder) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => join(folder, name)) : [],
  )
  const manifests = ['', 'bench', ...folders.sort()].map((folder) => join(folder, 'package.json'))
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', '.pnpmfile.cjs', ...manifests]) {
    if (existsSync(join(root, file))) hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  }
  return `${hash.update(`${process.platform} ${process.arch} ${root}`).digest('hex')}\n`
}

/** Makes `node_modules/.bin/node` the program itself: the script that pnpm puts there does not pass signals on. */
function linkNode() {
  const shim = join(modules, '.bin', 'node')
  if (!existsSync(pinnedNode) || lstatSync(shim).isSymbolicLink()) return
  rmSync(shim)
  symlinkSync('../node/bin/node', shim)
}

async function checkNode() {
  if (supported(process.versions.node)) return
  const remedy = 'Install Node 24.15 or newer, or allow the install script of the package `node`.'
  const result = await capture(pinnedNode, ['--version']).catch((error) => ({ code: 1, output: String(error) }))
  if (result.code !== 0)
    throw new Error(`The Node from the npm registry does not run here: ${result.output.trim()}\n${remedy}`)
}

/** The range of `engines.node` in the packages: ^22.22.2 || ^24.15 || >=26. */
function supported(version) {
  const [major, minor, patch] = version.split('.').map(Number)
  if (major === 22) return minor > 22 || (minor === 22 && patch >= 2)
  if (major === 24) return minor >= 15
  return major >= 26
}

/** The flags that a built program would be started with. */
function shebangFlags(file) {
  const [shebang] = readFileSync(file, 'utf8').split('\n')
  return shebang.match(/--\S+/g) ?? []
}

function nodeFor() {
  return supported(process.versions.node) ? process.execPath : pinnedNode
}

/** The environment of every child: the chosen Node and the repository's tools come first. */
function environment() {
  const env = { ...process.env }
  env.PATH = [dirname(nodeFor()), join(modules, '.bin'), env.PATH].join(delimiter)
  // Some tools colour what goes to a file or a pipe.
  if (!process.stdout.isTTY && env.FORCE_COLOR === undefined) env.NO_COLOR = '1'
  // Programs run from their sources start in less than half the time. What is measured has no such help.
  if (task !== 'bench') env.NODE_COMPILE_CACHE ??= join(modules, '.cache', 'compile')
  // Left by the tools' start scripts; it would let packages find what they do not declare.
  if (env.NODE_PATH?.includes(modules)) delete env.NODE_PATH
  return env
}

/** The environment of the install: never asks, and keeps its caches in the checkout where the home folder is closed. */
function installEnvironment() {
  const env = { ...process.env, CI: 'true' }
  try {
    accessSync(homedir(), constants.W_OK)
  } catch {
    const cache = join(modules, '.cache')
    mkdirSync(cache, { recursive: true })
    process.stderr.write(`(the home folder is not writable: caches in ${cache}) `)
    Object.assign(env, { HOME: cache, npm_config_cache: join(cache, 'npm') })
  }
  return env
}

function run(program, argv, options) {
  return new Promise((resolve, reject) => {
    child = spawn(program, argv, { cwd: root, env: environment(), ...options })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      child = undefined
      resolve(code ?? 128 + os.signals[signal])
    })
    if (ended !== undefined) child.kill(ended)
  })
}

async function capture(program, argv, env) {
  let output = ''
  const exit = run(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], ...(env && { env }) })
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  return { code: await exit, output }
}

/** One set-up at a time in a checkout. The lock file holds its owner's pid; that of a dead owner is taken over. */
async function lock() {
  const mine = `${lockFile}.${process.pid}`
  writeFileSync(mine, String(process.pid))
  let told = false
  try {
    for (;;) {
      if (link(mine, lockFile)) return () => rmSync(lockFile, { force: true })
      const owner = Number(readIfThere(lockFile))
      if (owner > 0 && !alive(owner)) takeOver(mine, owner)
      else if (!told) {
        told = true
        console.error(`Waiting for another set-up of this checkout (process ${owner}).`)
      }
      await sleep(200)
      if (ended !== undefined) throw new Error('stopped')
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** Removes a dead owner's lock. A second lock keeps two takers from removing each other's fresh one. */
function takeOver(mine, owner) {
  const taking = `${lockFile}.taking`
  if (!link(mine, taking)) {
    if (Date.now() - (statSync(taking, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 10_000)
      rmSync(taking, { force: true })
    return
  }
  if (Number(readIfThere(lockFile)) === owner) rmSync(lockFile, { force: true })
  rmSync(taking, { force: true })
}

function link(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
