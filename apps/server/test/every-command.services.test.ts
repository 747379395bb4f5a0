import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { instantItem } from '@seamark/testing'
import { startPostgres } from '@seamark/testing-services'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { socketIn } from '../src/socket.ts'
import { oneCallEngine } from './one-call-engine.ts'
import type { Ended, Place, Started } from './seamark.ts'
import { screenOf } from './screen.ts'
import { begin, NODE, place, until } from './seamark.ts'
import { expectPublished } from './transcripts.ts'
import type { Transcript } from './transcripts.ts'

interface Step {
  /** The command and its arguments. */
  readonly argv: readonly string[]
  /** What the terminal then shows. */
  readonly shows?: string
  /** What is typed once something is shown. */
  readonly keys?: readonly (readonly [string, string])[]
  /** A file that is then there. */
  readonly makes?: string
}

const before: readonly Step[] = [
  { argv: ['init', 'first.yaml'], makes: 'first.yaml' },
  { argv: ['schema', '-o', 'schema.json'], makes: 'schema.json' },
  { argv: ['completion', 'fish'], shows: 'complete -c seamark' },
  { argv: ['secrets', 'set', 'token'], keys: [['Value of token: ', 'canary-012345\r']], makes: '.seamark/secrets' },
  { argv: ['secrets', 'list'], shows: 'token' },
  { argv: ['secrets', 'test', 'token'], shows: 'token' },
  { argv: ['secrets', 'rm', 'token'], shows: 'token' },
]

const served: readonly Step[] = [
  { argv: ['validate', 'plan.yaml'] },
  { argv: ['plan', 'show', 'plan.yaml'], shows: 'edit' },
  { argv: ['run', 'plan.yaml', '--id', 'first'], shows: 'succeeded' },
  { argv: ['submit', 'long.yaml', '--id', 'long'], shows: 'long' },
  { argv: ['watch'], keys: [['long', '\u0003']], shows: 'long' },
  { argv: ['list'], shows: 'first' },
  { argv: ['status', 'first'], shows: 'edit' },
  { argv: ['logs', 'first', 'edit'], shows: 'said by the item' },
  { argv: ['diff', 'first'], shows: '+100' },
  { argv: ['patch', 'first', 'edit'], shows: '+100' },
  { argv: ['policy', 'explain', 'edit', '--run', 'first'], shows: 'process' },
  { argv: ['report', 'first', '-o', 'report.html'], makes: 'report.html' },
  { argv: ['pause', 'long'], shows: 'long' },
  { argv: ['resume', 'long'], shows: 'long' },
  { argv: ['cancel', 'long'], shows: 'long' },
  { argv: ['retry', 'broken', '--id', 'mended'], shows: 'succeeded' },
  { argv: ['rerun', 'first', '--id', 'anew'], shows: 'succeeded' },
  { argv: ['answer', 'ask', 'left', '--run', 'talk'], shows: 'ask' },
  { argv: ['approve', 'short', '--run', 'r1', '--usd', '1'], shows: 'short' },
  { argv: ['usage'], shows: '$1.80' },
  { argv: ['agent', 'push', 'agents/writer'], shows: 'writer' },
  { argv: ['agent', 'list'], shows: 'writer' },
  { argv: ['agent', 'show', 'writer'], shows: 'Writes the page.' },
  { argv: ['agent', 'diff', 'writer', './agents/writer'] },
  { argv: ['agent', 'rm', 'writer@1'], shows: 'writer' },
  { argv: ['agent', 'import', 'subagents', '--output', 'imported'], makes: 'imported/reader' },
  { argv: ['evidence', 'export', 'first', '-o', 'run.tar'], makes: 'run.tar' },
  { argv: ['keys', 'export', '-o', 'trust.json'], makes: 'trust.json' },
  { argv: ['verify', 'run.tar', '--trust', 'trust.json'] },
  { argv: ['gc', 'hold', 'first', '--reason', 'asked for'], shows: 'first' },
  { argv: ['gc', 'holds'], shows: 'asked for' },
  { argv: ['gc', 'release', 'first'], shows: 'first' },
  { argv: ['rm', 'anew'] },
  { argv: ['gc'] },
  { argv: ['doctor'] },
  { argv: ['drain'] },
]

const after: readonly Step[] = [
  { argv: ['migrate', 'sqlite-to-postgres', '--url-file', 'url'] },
  { argv: ['migrate', 'postgres-to-sqlite', '--url-file', 'url', '--data', 'other'], makes: 'other' },
]

/** Asks at first, and goes on with the answer. */
const AGENT = `
import { mkdirSync, writeFileSync } from 'node:fs'
const say = (event) => console.log(JSON.stringify(event))
const { RESUME, ANSWER, HOME } = process.env
if (RESUME === '') {
  mkdirSync(HOME + '/.talk')
  writeFileSync(HOME + '/.talk/memory', 'kept')
  say({ type: 'conversation', id: 'c-1', resumed: false })
  say({ type: 'question', id: 'q-1', text: 'Which one?' })
  say({ type: 'turn-end', completed: false, reason: 'question' })
} else {
  say({ type: 'conversation', id: RESUME, resumed: true })
  writeFileSync('told.txt', ANSWER)
  say({ type: 'turn-end', completed: true, reason: 'done' })
}
`

const root = join(import.meta.dirname, '../../..')
const terminal = { TERM: 'xterm', NO_COLOR: '', PAGER: 'cat', COLUMNS: '', LINES: '' }
let here: Place
let env: Readonly<Record<string, string>>
let service: Started
let server: Awaited<ReturnType<typeof startPostgres>>

const source = (path: string): string => JSON.stringify(join(root, path))
const item = async (run: string, name: string) =>
  JSON.parse((await begin(here.dir, [...NODE, 'status', run, name, '--json'], env).ended).out)

/** Makes what the commands are tried on: a run that failed, an agent that asks, and an item that waits for a budget. */
beforeAll(async () => {
  server = await startPostgres()
  here = place()
  env = { ...terminal, SEAMARK_CONFIG: join(here.dir, 'seamark.config.mjs') }
  const { engine, stop } = await oneCallEngine(here.data, { day: { nanoUsd: 2_000_000_000 } })
  const spends = (id: string, nanoUsd: number) => ({ ...instantItem(id), executor: 'process', budget: { nanoUsd } })
  await engine.submit(
    { id: `local:${process.getuid?.() ?? 'unknown'}` },
    {
      run: 'r1',
      plan: 'a'.repeat(64),
      spec: { workspace: { type: 'empty' }, budget: { tokens: 1_000 } },
      items: [spends('one', 1_000_000_000), spends('two', 1_000_000_000), spends('short', 500_000_000)],
    },
  )
  await until(() => engine.waiting('r1', 'short')?.for === 'parked')
  await stop()
  here.repository('code', { 'a.txt': 'one\n', 'agent.mjs': AGENT })
  here.write('url', `${server.url}\n`)
  here.write(
    'seamark.config.mjs',
    `const { command } = await import(${source('packages/runtime-command/src/index.ts')})
const { asking } = await import(${source('apps/server/test/asking-runtime.mjs')})
export default { runtimes: [command(), asking(command())], budgets: { day: { usd: 2 } } }
`,
  )
  const plan = (items: string) => `version: 1\nworkspace: { git: code }\nitems: [${items}]\n`
  here.write('plan.yaml', plan('{ id: edit, run: "echo said by the item; seq 100 > b.txt", executor: process }'))
  here.write('long.yaml', plan('{ id: slow, run: sleep 600, executor: process }'))
  here.write('broken.yaml', plan(`{ id: flaky, run: "test -e ${join(here.dir, 'flag')}", executor: process }`))
  here.write('talk.yaml', plan('{ id: ask, runtime: asking, prompt: Do it. }'))
  mkdirSync(join(here.dir, 'agents/writer'), { recursive: true })
  here.write('agents/writer/agent.yaml', 'name: writer\nversion: 1\ndescription: Writes the page.\n')
  here.write('agents/writer/AGENTS.md', 'Write it.\n')
  mkdirSync(join(here.dir, 'subagents'))
  here.write('subagents/reader.md', '---\nname: reader\ndescription: Reads the page.\n---\nRead it.\n')
}, 120_000)

afterAll(async () => {
  service?.child.kill('SIGTERM')
  await service?.ended
  here.remove()
  await server.stop()
}, 60_000)

/** Runs a command on a pseudo-terminal of 100 columns. */
async function onTerminal(argv: readonly string[], keys: Step['keys'] = []) {
  const words = [...NODE, ...argv].map((word) => `'${word}'`).join(' ')
  const type = join(import.meta.dirname, 'type.py')
  const line = ['python3', '-B', type, JSON.stringify(keys), 'sh', '-c', `stty cols 100 rows 40; exec ${words}`]
  const { out } = await begin(here.dir, line, env).ended
  const [, screen = out, code] = /^([^]*)exit (\d+)\s*$/.exec(out) ?? []
  return { screen: await screenOf(screen, 100, 40), code: Number(code) }
}

const transcripts: Transcript[] = []

function keep(argv: readonly string[], screen: string): void {
  transcripts.push({ argv, screen: screen.replaceAll(here.dir, '/home/ada/work') })
}

async function take(steps: readonly Step[]): Promise<void> {
  for (const { argv, shows, keys, makes } of steps) {
    const { screen, code } = await onTerminal(argv, keys)
    const said = `seamark ${argv.join(' ')}\n${screen}`
    expect({ said, code }).toEqual({ said, code: 0 })
    keep(argv, screen)
    if (shows !== undefined) expect(screen, said).toContain(shows)
    if (makes !== undefined) expect(existsSync(join(here.dir, makes)), said).toBe(true)
  }
}

it('every command of the help works at a terminal', { timeout: 600_000 }, async () => {
  const { screen } = await onTerminal(['--help'])
  const names = Array.from(screen.matchAll(/^ {2}(?!seamark)([a-z-]+(?: [a-z-]+)?) {2,}/gm), ([, name]) => name ?? '')
  expect(names.length).toBeGreaterThan(40)
  // `gc hold` is no try of `gc`.
  const longest = (step: string) =>
    names.filter((name) => step.startsWith(`${name} `)).toSorted((a, b) => b.length - a.length)[0]
  const tried = [...before, ...served, ...after].map(({ argv }) => longest(`${argv.join(' ')} `))
  expect(names.filter((name) => name !== 'serve' && !tried.includes(name))).toEqual([])

  await take(before)
  const serving = JSON.stringify([...NODE, 'serve'])
  const line = `import terminal; terminal.SECONDS = 580; terminal.run(${serving}, lambda *_: None)`
  service = begin(here.dir, ['python3', '-B', '-c', line], { ...env, PYTHONPATH: import.meta.dirname })
  await until(() => existsSync(socketIn(here.data)), 60_000)
  const seamark = (...argv: string[]): Promise<Ended> => begin(here.dir, [...NODE, ...argv], env).ended
  expect(await seamark('run', 'broken.yaml', '--id', 'broken')).toMatchObject({ code: 11 })
  writeFileSync(join(here.dir, 'flag'), '')
  expect(await seamark('submit', 'talk.yaml', '--id', 'talk')).toMatchObject({ code: 0 })
  await until(async () => (await item('talk', 'ask')).waiting?.question !== undefined, 60_000)
  await take(served)
  const { out } = await service.ended
  expect(out).toContain(here.data)
  expect(out).toMatch(/exit 0\s*$/)
  keep(['serve'], await screenOf(out.replace(/exit 0\s*$/, ''), 100, 40))
  await take(after)
  expectPublished(transcripts, names)
})
