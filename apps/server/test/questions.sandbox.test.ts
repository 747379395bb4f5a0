import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Place, Started } from './seamark.ts'
import { place, until } from './seamark.ts'

const root = join(import.meta.dirname, '../../..')
const CONFIG = ['--config', 'seamark.config.mjs']

/** Asks at first; goes on with what it kept in its home and its workspace, and with the answer. */
const AGENT = `
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
const say = (event) => console.log(JSON.stringify(event))
const { RESUME, ANSWER, HOME, PROMPT } = process.env
const kept = HOME + '/.talk/memory'
if (RESUME === '') {
  if (PROMPT.includes('The answer was:')) {
    writeFileSync('told.txt', PROMPT)
    say({ type: 'conversation', id: 'c-2', resumed: false })
    say({ type: 'turn-end', completed: true, reason: 'done' })
  } else {
    mkdirSync(HOME + '/.talk')
    writeFileSync(kept, 'what it had thought')
    writeFileSync('begun.txt', 'half\\n')
    say({ type: 'conversation', id: 'c-1', resumed: false })
    say({ type: 'question', id: 'q-1', text: 'Which one?\\n1. left\\n2. right' })
    say({ type: 'turn-end', completed: false, reason: 'question' })
  }
} else if (existsSync('forget')) {
  say({ type: 'turn-end', completed: false, reason: 'resume' })
  process.exitCode = 1
} else {
  say({ type: 'conversation', id: RESUME, resumed: true })
  writeFileSync('told.txt', readFileSync('begun.txt', 'utf8') + readFileSync(kept, 'utf8') + '\\n' + ANSWER + '\\n')
  say({ type: 'turn-end', completed: true, reason: 'done' })
}
`

let here: Place
let served: Started[]

beforeEach(() => {
  here = place()
  served = []
  here.write(
    'tell.mjs',
    `import { appendFileSync } from 'node:fs'\nfor await (const bytes of process.stdin) appendFileSync(process.argv[2], bytes)\n`,
  )
  here.write(
    'seamark.config.mjs',
    `const { command } = await import(${source('packages/runtime-command/src/index.ts')})
const { asking } = await import(${source('apps/server/test/asking-runtime.mjs')})
export default {
  runtimes: [command(), asking(command())],
  notify: [${JSON.stringify(process.execPath)}, ${JSON.stringify(join(here.dir, 'tell.mjs'))}, ${JSON.stringify(join(here.dir, 'told'))}],
}
`,
  )
  here.write(
    'plan.yaml',
    `version: 1
workspace: { git: repo }
items:
  - { id: ask, runtime: asking, prompt: Do it. }
  - { id: after, needs: [ask], run: 'true' }
`,
  )
})

afterEach(async () => {
  for (const { child, ended } of served) {
    child.kill('SIGTERM')
    await ended
  }
  here.remove()
})

function source(path: string): string {
  return JSON.stringify(join(root, path))
}

async function serve(): Promise<Started> {
  const service = here.start('serve', ...CONFIG)
  served.push(service)
  await service.saw('Serving')
  return service
}

const item = async (name: string) => JSON.parse((await here.seamark('status', 'r', name, '--json', ...CONFIG)).out)
const asks = async () => (await item('ask')).waiting?.question !== undefined
const notices = () =>
  existsSync(join(here.dir, 'told'))
    ? readFileSync(join(here.dir, 'told'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

it(
  'asks, is answered after a restart, and goes on in its conversation and workspace',
  { timeout: 180_000 },
  async () => {
    here.repository('repo', { 'agent.mjs': AGENT })
    const first = await serve()
    await here.seamark('submit', 'plan.yaml', '--id', 'r', ...CONFIG)
    await until(asks)
    const { waiting } = await item('ask')
    const question = { id: 'q-1', text: 'Which one?\n1. left\n2. right' }
    expect(waiting).toMatchObject({ for: 'parked', reason: 'input', question })
    await until(() => notices().length === 1)
    expect(notices()[0]).toEqual({
      type: 'question',
      namespace: 'default',
      run: 'r',
      item: 'ask',
      token: waiting.token,
      question,
    })
    const { out } = await here.seamark('status', 'r', ...CONFIG)
    expect(out).toContain('ask asks: Which one?')
    expect(out).toContain('2. right')
    expect(out).toContain(`--wait ${waiting.token}`)
    first.child.kill('SIGKILL')
    await first.ended
    await serve()
    await until(() => notices().length === 2)
    expect(notices()[1]).toEqual(notices()[0])
    expect((await item('after')).waiting).toEqual({ for: 'needs', items: ['ask'] })
    const other = await here.seamark('answer', 'ask', 'left', '--run', 'r', '--wait', 'another', ...CONFIG)
    expect(other.code).toBe(5)
    const given = await here.seamark('answer', 'ask', 'The right one.', '--run', 'r', '--json', ...CONFIG)
    expect(given, given.err).toMatchObject({ code: 0 })
    expect(JSON.parse(given.out)).toEqual({ run: 'r', item: 'ask', wait: waiting.token, answered: true })
    await until(async () => (await item('after')).status === 'succeeded')
    const again = await here.seamark('answer', 'ask', 'left', '--run', 'r', '--wait', waiting.token, ...CONFIG)
    expect(again.code).toBe(5)
    const { out: patch } = await here.seamark('patch', 'r', 'ask', ...CONFIG)
    expect(patch).toContain('+half\n+what it had thought\n+The right one.\n')
    expect(await item('ask')).toMatchObject({ status: 'succeeded', attempt: 2 })
    const exported = await here.seamark('evidence', 'export', 'r', '-o', 'bundle', ...CONFIG)
    expect(exported, exported.err).toMatchObject({ code: 0 })
    await here.seamark('keys', 'export', '-o', 'trust.json', ...CONFIG)
    const verified = await here.seamark('verify', 'bundle', '--trust', 'trust.json', ...CONFIG)
    expect(verified, verified.out + verified.err).toMatchObject({ code: 0 })
  },
)

it('begins anew with the answer where its conversation is gone', { timeout: 180_000 }, async () => {
  here.repository('repo', { 'agent.mjs': AGENT, forget: '' })
  await serve()
  await here.seamark('submit', 'plan.yaml', '--id', 'r', ...CONFIG)
  const watching = here.start('watch', 'r', ...CONFIG)
  await watching.saw('ask asks: Which one?')
  const leaving = here.start('watch', 'r', ...CONFIG)
  await leaving.saw('ask asks')
  leaving.child.kill('SIGINT')
  expect((await leaving.ended).code).toBe(8)
  expect((await here.seamark('answer', 'ask', 'left', '--run', 'r', ...CONFIG)).code).toBe(0)
  expect(await watching.ended).toMatchObject({ code: 0, out: expect.stringContaining('2 of 2 items succeeded') })
  await until(async () => (await item('ask')).status === 'succeeded')
  expect(await item('ask')).toMatchObject({ attempt: 3 })
  const { out: patch } = await here.seamark('patch', 'r', 'ask', ...CONFIG)
  expect(patch).toContain('+half')
  expect(patch).toContain('+left')
})
