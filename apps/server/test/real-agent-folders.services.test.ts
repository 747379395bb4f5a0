import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import type { Part } from '@seamark/testing-model'
import { expect, it } from 'vitest'
import { claudeCode, codex, PROGRAMS } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

const serve = realServices()
const beacon = `beacon-${randomBytes(8).toString('hex')}`

/** What is in the agent's folder besides `agent.yaml`. */
const FOLDER: Readonly<Record<string, string>> = {
  '.mcp.json': JSON.stringify({ mcpServers: { tides: { command: 'node', args: ['/workspace/chart.mjs', 'metres'] } } }),
  'AGENTS.md': `Ask the chart first, ${beacon}.\n`,
  'skills/knots/SKILL.md': `---\nname: knots\ndescription: How to tie a boat\n---\nTie it to ${beacon}.\n`,
}

/** An MCP server with one tool, which says what it was started with. */
const CHART = `import { createInterface } from 'node:readline'
const [, , unit] = process.argv
const results = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'tides', version: '1.0.0' } }),
  'tools/list': () => ({
    tools: [{ name: 'chart', description: 'Reads the chart', inputSchema: { type: 'object', properties: { port: { type: 'string' } } } }],
  }),
  'tools/call': ({ arguments: { port } }) => ({ content: [{ type: 'text', text: port + ' is in ' + unit + ', ${beacon}' }] }),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: results[method]?.(params) ?? {} }) + '\\n')
})
`

interface Case {
  readonly program: RealProgram
  /** What its model calls to find the tool of the server, where it is held back, and to use it. */
  readonly finds: readonly Part[]
  readonly chart: string
  /** What its model calls for the skill. */
  readonly skill: Part
}

const cases: readonly (readonly [string, Case])[] = [
  [
    'Claude Code',
    {
      program: claudeCode,
      finds: [{ tool: 'ToolSearch', input: { query: 'select:mcp__tides__chart', max_results: 5 } }],
      chart: 'mcp__tides__chart',
      skill: { tool: 'Skill', input: { skill: 'knots' } },
    },
  ],
  ['Codex', { program: codex, finds: [], chart: 'chart', skill: codex.run('cat ~/.codex/skills/knots/SKILL.md') }],
]

it.each(cases)(
  'has %s work as its folder says: instructions, a skill and an MCP server (as root, with bubblewrap)',
  { timeout: 300_000 },
  async (_, { program, finds, chart, skill }) => {
    const service = await serve(
      {
        programs: [program],
        script: {
          turns: [
            { expect: { system: `Ask the chart first, ${beacon}.` }, answer: [skill] },
            ...finds.map((part) => ({ expect: { anywhere: `Tie it to ${beacon}.` }, answer: [part] })),
            { expect: { anywhere: `Tie it to ${beacon}.` }, answer: [{ tool: chart, input: { port: 'Naha' } }] },
            { expect: { result: { contains: `Naha is in metres, ${beacon}` } }, answer: [program.read('tide.mjs')] },
            { answer: [program.edit(...CHANGES.tide)] },
            { answer: 'It is done.' },
          ],
        },
      },
      { 'chart.mjs': CHART },
    )
    mkdirSync(join(service.dir, 'surveyor/skills/knots'), { recursive: true })
    for (const [path, text] of Object.entries(FOLDER)) service.write(`surveyor/${path}`, text)
    const { name, asks } = program
    service.write('surveyor/agent.yaml', `name: surveyor\nversion: 1\nruntime: ${name}\nmodel: ${asks}\n`)
    await service.told('agent', 'push', 'surveyor')
    // Its tools are those of the policy alone: one of an MCP server may do anything.
    const item = { agent: 'surveyor@1', runtime: undefined, model: undefined, tools: undefined }
    const ran = await service.run('charted', [itemFor(program, item)])
    expect(service.model.problems()).toEqual([])
    expect(ran.code, ran.err + ran.out).toBe(0)
    expect(await service.told('patch', 'charted', 'fix')).toBe(patchTo(service, { 'tide.mjs': WANTED['tide.mjs'] }))
    // The servers are in the digest of the version.
    const digested = ['AGENTS.md', 'skills/knots/SKILL.md'].map((path) => ({
      path,
      sha256: createHash('sha256')
        .update(FOLDER[path] ?? '')
        .digest('hex'),
    }))
    expect(ran.dataOf('item.launched')).toMatchObject([
      { agent: { name: 'surveyor', version: 1, instructions: digested } },
    ])
  },
)

it(
  'fails an item by the name of the server of its folder that does not start (as root, with bubblewrap)',
  { timeout: 300_000 },
  async () => {
    const service = await serve({ programs: [codex], script: { turns: [{ answer: 'Unused.' }] } })
    mkdirSync(join(service.dir, 'surveyor'))
    service.write('surveyor/.mcp.json', JSON.stringify({ mcpServers: { tides: { command: '/bin/false' } } }))
    service.write('surveyor/agent.yaml', 'name: surveyor\nversion: 1\nruntime: codex\n')
    await service.told('agent', 'push', 'surveyor')
    const ran = await service.run('broken', [itemFor(codex, { agent: 'surveyor@1', runtime: undefined })])
    expect(ran.code).not.toBe(0)
    expect(service.counted().calls).toBe(0)
    expect(ran.dataOf('item.settled')).toMatchObject([{ outcome: 'failed', reason: 'mcp-server' }])
    expect(await service.told('status', 'broken', 'fix')).toContain('tides')
  },
)

const TOOLS = 'tools.vendor.example'
/** A server that lets nobody in, and one that lets anybody. */
const tools: RequestListener = (request, response) => {
  if (request.url === '/closed') return void response.writeHead(401).end()
  const transport = new StreamableHTTPServerTransport({})
  const server = new McpServer({ name: 'tools', version: '1' })
  server.registerTool('chart', {}, () => ({ content: [{ type: 'text', text: 'Deep.' }] }))
  server
    .connect(transport)
    .then(() => transport.handleRequest(request, response))
    .catch(() => response.destroy())
}
const urls = {
  works: `https://${TOOLS}/mcp`,
  closed: `https://${TOOLS}/closed`,
  unlisted: 'https://elsewhere.example/mcp',
}

it.each(PROGRAMS)(
  'fails an item of $name by the name of the server that is a URL and lets nobody in, or that the policy does not let through, and none that works (as root, with bubblewrap)',
  { timeout: 600_000 },
  async (program) => {
    const service = await serve({
      programs: [program],
      others: { [TOOLS]: tools },
      script: { turns: [{ times: 'unlimited', answer: 'It is done.' }] },
    })
    const { name, asks } = program
    for (const [server, url] of Object.entries(urls)) {
      mkdirSync(join(service.dir, server))
      service.write(`${server}/.mcp.json`, JSON.stringify({ mcpServers: { [server]: { type: 'http', url } } }))
      service.write(`${server}/agent.yaml`, JSON.stringify({ name: server, version: 1, runtime: name, model: asks }))
      await service.told('agent', 'push', server)
    }
    const items = Object.keys(urls).map((server) => {
      const more = { id: server, agent: `${server}@1`, runtime: undefined, model: undefined, patch: undefined }
      return itemFor(program, more, [TOOLS])
    })
    const ran = await service.run('urls', items)
    const ended = ran.records.filter(({ kind }) => kind === 'attempt.ended')
    const failed = (server: string) => ({
      outcome: 'failed',
      reason: 'mcp-server',
      detail: expect.stringContaining(server),
    })
    expect(Object.fromEntries(ended.map(({ item, data }) => [item, data])), ran.err + ran.out).toMatchObject({
      works: { outcome: 'succeeded' },
      closed: failed('closed'),
      unlisted: failed('unlisted'),
    })
    expect(service.model.problems()).toEqual([])
    expect(ran.refused()).toContain('elsewhere.example')
  },
)
