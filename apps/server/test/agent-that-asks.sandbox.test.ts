import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listenOn } from './loopback.ts'
import { place } from './seamark.ts'

const root = join(import.meta.dirname, '../../..')
const here = place()
let server: Server
let port: number
/** What the agent told its model, call by call. */
const told: { readonly messages: readonly { readonly role: string; readonly content: unknown }[] }[] = []

const use = (id: string, name: string, input: Readonly<Record<string, string>>) => ({
  type: 'tool_use',
  id,
  name,
  input,
})

const SKILL = '---\nname: fixing\ndescription: >-\n  How broken files\n  are fixed.\n---\nWrite the word.\n'
const SKILL_AT = '/home/agent/.seamark/skills/fixing/SKILL.md'

/** What the model does: reads its skill and a file, edits, tries what it may not, tests, and says that it is done. */
const script = [
  [
    { type: 'text', text: 'I look at it.' },
    use('u0', 'read_file', { path: SKILL_AT }),
    use('u1', 'read_file', { path: 'a.txt' }),
  ],
  [use('u2', 'write_file', { path: 'a.txt', content: 'fixed\n' })],
  [use('u3', 'run', { command: 'git push origin main' })],
  [use('u4', 'run', { command: 'sh test.sh' })],
  [{ type: 'text', text: 'It is fixed.' }],
]

/** A model with the certificate of an authority of its own, behind the gateway. */
beforeAll(async () => {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: here.dir, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of a test') // prettier-ignore
  openssl('req', ...key, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host')
  here.write('ext', 'subjectAltName=IP:127.0.0.1\n')
  openssl('x509', '-req', '-in', 'host.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', 'host.pem') // prettier-ignore
  const read = (name: string) => readFileSync(join(here.dir, name))
  server = createServer({ key: read('host.key'), cert: read('host.pem') }, (req, res) => {
    text(req)
      .then((body) => {
        const content = script[told.length] ?? []
        told.push(JSON.parse(body))
        const reason = content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'
        const usage = { input_tokens: 10, output_tokens: 5 }
        res.setHeader('content-type', 'application/json')
        res.end(JSON.stringify({ id: 'm', type: 'message', role: 'assistant', content, stop_reason: reason, usage }))
      })
      .catch(() => res.destroy())
  })
  port = await listenOn(server, ['127.0.0.1'])
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  here.remove()
})

const source = (path: string) => JSON.stringify(join(root, path))

it('edits, is denied a tool, tests and finishes, and each answer is a record', { timeout: 240_000 }, async () => {
  here.repository('repo', {
    'a.txt': 'broken\n',
    'TASK.md': 'Make test.sh pass.\n',
    'test.sh': 'grep -q fixed a.txt\n',
    'agent.mjs': readFileSync(join(root, 'examples/acp-agent/src/agent.mjs'), 'utf8'),
  })
  here.write(
    'seamark.config.mjs',
    `import { readFileSync } from 'node:fs'
const { command } = await import(${source('packages/runtime-command/src/index.ts')})
const { acp } = await import(${source('packages/runtime-acp/src/index.ts')})
export default {
  runtimes: [
    command(),
    acp({
      name: 'small',
      argv: ['node', 'agent.mjs'],
      env: { ANTHROPIC_API_KEY: 'placeholder' },
      endpoints: { ANTHROPIC_BASE_URL: '127.0.0.1:${port}' },
      versions: { from: '1.0.0', below: '2' },
    }),
  ],
  egress: { privateRanges: ['127.0.0.0/8'], extraCas: [readFileSync(${JSON.stringify(join(here.dir, 'ca.pem'))}, 'utf8')] },
}
`,
  )
  here.write(
    'plan.yaml',
    `version: 1
workspace: { git: repo }
items:
  - id: fix
    agent: fixer@1
    prompt: { file: TASK.md }
    patch: required
    tools: { shell: ['sh test.sh'] }
    network:
      allow: [{ host: 127.0.0.1, port: ${port}, mode: endpoint, methods: [POST], paths: ['/v1/messages'] }]
    gates: [{ run: sh test.sh, protect: [test.sh] }]
`,
  )
  mkdirSync(join(here.dir, 'fixer'))
  here.write(
    'fixer/agent.yaml',
    "name: fixer\nversion: 1\nruntime: small\npolicy: { tools: { deny: ['git push*'] } }\n",
  )
  here.write('fixer/AGENTS.md', 'Fix what is broken.\n')
  mkdirSync(join(here.dir, 'fixer/skills/fixing'), { recursive: true })
  here.write('fixer/skills/fixing/SKILL.md', SKILL)
  const pushed = await here.seamark('agent', 'push', 'fixer', '--config', 'seamark.config.mjs')
  expect(pushed, pushed.err).toMatchObject({ code: 0 })
  const ran = await here.seamark('run', 'plan.yaml', '--id', 'r', '--json', '--config', 'seamark.config.mjs')
  expect(ran, ran.err + ran.out).toMatchObject({ code: 0 })
  const [first] = told[0]?.messages ?? []
  expect(first).toMatchObject({
    role: 'user',
    content: expect.stringMatching(/^Fix what is broken\.\n[^]*\n\nMake test\.sh pass\.\n$/),
  })
  expect(first?.content).toContain(`\n- fixing: How broken files are fixed. (${SKILL_AT})\n`)
  const results = told.at(-1)?.messages.filter(({ role, content }) => role === 'user' && Array.isArray(content))
  expect(results?.flatMap(({ content }) => content)).toMatchObject([
    { tool_use_id: 'u0', content: SKILL, is_error: false },
    { tool_use_id: 'u1', content: 'broken\n', is_error: false },
    { tool_use_id: 'u2', is_error: false },
    { tool_use_id: 'u3', is_error: true },
    { tool_use_id: 'u4', content: 'exit code 0\n', is_error: false },
  ])
  const records: readonly Recorded[] = ran.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ type }: { readonly type: string }) => type === 'record')
  const answers = records.filter(({ kind }) => kind.startsWith('tool.'))
  expect(answers.map(({ kind, data }) => ({ kind, ...data }))).toEqual([
    { kind: 'tool.denied', tool: 'git push origin main', reason: 'denied git push*', index: 0 },
    { kind: 'tool.allowed', tool: 'sh test.sh', reason: 'listed', index: 0 },
  ])
  expect(records.find(({ kind }) => kind === 'item.launched')?.data).toMatchObject({
    agent: {
      name: 'fixer',
      version: 1,
      instructions: [
        { path: 'AGENTS.md' },
        { path: 'skills/fixing/SKILL.md', sha256: createHash('sha256').update(SKILL).digest('hex') },
      ],
    },
  })
  expect(records.find(({ kind }) => kind === 'attempt.ended')?.data).toMatchObject({ outcome: 'succeeded' })
  expect(records.find(({ kind }) => kind === 'item.captured')?.data).toMatchObject({
    exit: { code: 0, reason: 'exited' },
    product: { patch: { files: 1 } },
  })
  const shown = await here.seamark('logs', 'r', 'fix', '--transcript', '--json', '--config', 'seamark.config.mjs')
  const said: readonly Said[] = shown.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const place = (from: Said['from'], ...words: readonly string[]) =>
    said.findIndex((line) => line.from === from && words.every((word) => line.text.includes(word)))
  const inOrder = [
    place('seamark', '"method":"initialize"'),
    place('program', '"protocolVersion"'),
    place('seamark', '"method":"session/prompt"', 'Make test.sh pass.'),
    place('program', 'session/request_permission', 'git push'),
    place('program', 'session/request_permission', 'sh test.sh'),
    place('program', '"stopReason"'),
    place('seamark', 'end'),
  ]
  expect(inOrder, shown.out + shown.err).toEqual(inOrder.toSorted((a, b) => a - b))
  expect(inOrder).not.toContain(-1)
  const answered = said.slice(inOrder[3]).find(({ from }) => from === 'seamark')
  expect(answered?.text).toContain('"result"')
  const asText = (await here.seamark('logs', 'r', 'fix', '--transcript', '--config', 'seamark.config.mjs')).out
  expect(asText.split('\n').filter((line) => line.startsWith('> '))).toHaveLength(said.filter((one) => one.from === 'seamark').length) // prettier-ignore
  const report = await here.seamark('report', 'r', '-o', 'r.html', '--config', 'seamark.config.mjs')
  expect(report, report.err).toMatchObject({ code: 0 })
  expect(readFileSync(join(here.dir, 'r.html'), 'utf8')).toMatch(/<h3>\s*Transcript[^]*&gt; \{[^]*session\/prompt/)
  const exported = await here.seamark('evidence', 'export', 'r', '-o', 'r.tar', '--config', 'seamark.config.mjs')
  expect(exported, exported.err).toMatchObject({ code: 0 })
  here.write('trust.json', (await here.seamark('keys', 'export', '--config', 'seamark.config.mjs')).out)
  expect((await here.seamark('verify', 'r.tar', '--trust', 'trust.json', '--json')).out).toContain('"verified"')
  const python = ['vectors/verify.py', join(here.dir, 'r.tar'), '--trust', join(here.dir, 'trust.json')]
  execFileSync('python3', python, { cwd: root, stdio: 'pipe' })
  const patch = await here.seamark('patch', 'r', 'fix', '--config', 'seamark.config.mjs')
  expect(patch, patch.err).toMatchObject({ code: 0, out: expect.stringContaining('+fixed') })
})

interface Said {
  readonly from: 'program' | 'seamark'
  readonly text: string
}

interface Recorded {
  readonly kind: string
  readonly data: Readonly<Record<string, unknown>>
}
