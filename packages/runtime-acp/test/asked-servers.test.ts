import { endOf, jsonLines, liveAttempts, PROMPTED } from '@seamark/testing'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { askedServers } from '../src/asked-servers.ts'
import { acp } from '../src/index.ts'
import type { AcpMcpServer } from '../src/index.ts'
import { agent as says, hear } from './said.ts'
import { byHttp, bySse, NOBODY, served, urlServer } from './url-servers.ts'

const program = join(import.meta.dirname, '../bin/ask-servers.mjs')
const launch = { argv: ['agent'], env: {}, files: [], stdin: 'pipe' } as const

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-asked-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** What the program says of servers, and what it ends with. */
async function asked(
  servers: readonly AcpMcpServer[],
  { timeoutMs = 60_000, env = {} }: { readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv } = {},
) {
  const file = askedServers(launch, servers, '/home').files.find(({ path }) => path.endsWith('.json'))
  const about: object = JSON.parse(Buffer.from(file?.bytes ?? '').toString())
  const path = join(folder(), 'servers.json')
  writeFileSync(path, JSON.stringify({ ...about, timeoutMs }))
  return new Promise<{ readonly code: unknown; readonly said: unknown; readonly err: string }>((done) => {
    execFile(process.execPath, [program, path], { env: { ...process.env, ...env } }, (error, out, err) =>
      done({ code: error?.code ?? 0, said: out === '' ? undefined : JSON.parse(out), err }),
    )
  })
}

const nothing = { code: 0, said: undefined, err: '' }
const missing = (...whys: readonly string[]) => ({
  code: 75,
  said: { seamark: 'missing-servers', servers: whys.map((why, index) => ({ index, why })) },
  err: '',
})

describe('a server that is a URL', () => {
  it('and is there is not named, and is asked once, with its headers, wherever it leads', async () => {
    const heard: string[] = []
    const [json, stream, sse] = [await byHttp('json', (one) => heard.push(one)), await byHttp('stream'), await bySse()]
    const other = await served((_, response) => response.writeHead(308, { location: `${json}/mcp/` }).end())
    const servers = [
      urlServer('json', `${json}/mcp`),
      urlServer('stream', `${stream}/mcp/`),
      urlServer('sse', `${sse}/sse`, 'sse'),
    ]
    expect(await asked(servers)).toEqual(nothing)
    expect(heard).toEqual(['POST json'])
    // Headers are for the server that they were given for.
    expect(await asked([urlServer('other', other)])).toEqual(nothing)
    expect(heard).toEqual(['POST json', 'POST '])
  })

  it('and is not there is named with a word for why', async () => {
    const [sse, page] = [await bySse(), await served((_, response) => response.end('<html>'))]
    const refusing = await served((_, response) => response.writeHead(401).end())
    const turning = await served((_, response) => response.writeHead(302, { location: '/' }).end())
    const broken = await served((request) => request.socket.destroy())
    const stream = { 'content-type': 'text/event-stream' }
    const foreign = await served((_, response) => response.writeHead(200, stream).end('data: {"jsonrpc":"2.0"}\n\n'))
    const servers = [NOBODY, sse, page, refusing, turning, broken, foreign].map((url) => urlServer('one', url))
    const early = [page, foreign].map((url) => urlServer('two', url, 'sse'))
    expect(await asked([...servers, ...early])).toEqual(
      missing(
        'ECONNREFUSED',
        'HTTP-405',
        'NOT-MCP',
        'HTTP-401',
        'HTTP-302',
        'ECONNRESET',
        'NOT-MCP',
        'NOT-MCP',
        'NOT-MCP',
      ),
    )
  })

  it('and says nothing, or never to the end, is waited for as long as is said', async () => {
    const silent = await served(() => undefined)
    const endless = await served((_, response) => void response.write('{'))
    const servers = [urlServer('silent', silent), urlServer('endless', endless)]
    expect(await asked(servers, { timeoutMs: 500 })).toEqual(missing('TIMEOUT', 'TIMEOUT'))
  })

  it('and is asked through a proxy, as the sandbox has it, is named where that refuses it', async () => {
    const proxy = await served((_, response) => response.writeHead(403).end(), 'HTTP/1.1 403 Refused\r\n\r\n')
    const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: '' }
    const servers = [urlServer('tls', 'https://mcp.example/'), urlServer('plain', 'http://mcp.example/')]
    expect(await asked(servers, { env })).toEqual(missing('ERR_PROXY_TUNNEL', 'HTTP-403'))
  })
})

describe('an agent', () => {
  const speaks = { mcpCapabilities: { http: true, sse: false } }
  const agent = `
    require('node:fs').writeFileSync('begun', '')
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id } = JSON.parse(line)
      const agentCapabilities = { mcpCapabilities: { http: true } }
      const results = [{ protocolVersion: 1, agentCapabilities }, { sessionId: 's' }, { stopReason: 'end_turn' }]
      process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: results[id] }) + '\\n')
    })`

  async function lived(servers: readonly AcpMcpServer[], path = dirname(process.execPath)) {
    const place = folder()
    const workspaceDir = join(place, 'work')
    mkdirSync(workspaceDir)
    const runtime = acp({ argv: [process.execPath, '-e', agent], mcpServers: servers })
    const env = { PATH: [path, '/usr/bin', '/bin'].join(delimiter), TMPDIR: place }
    const { events } = await liveAttempts(runtime, place, 120_000)({ ...PROMPTED, workspaceDir, env })
    return { events, end: events.at(-1), begun: existsSync(join(workspaceDir, 'begun')) }
  }

  it('begins where its servers are there', async () => {
    const server = await byHttp('json')
    const { events, end, begun } = await lived([urlServer('web', `${server}/mcp/`)])
    expect(end).toEqual({ type: 'turn-end', completed: true, reason: 'completed' })
    expect(begun).toBe(true)
    expect(events.filter(({ type }) => type === 'progress')).toHaveLength(1)
  })

  it('does not begin where one is missing, which is named', async () => {
    const own = { name: 'own', command: 'cat', args: [], env: [] }
    const server = await byHttp('json')
    const { events, begun } = await lived([own, urlServer('works', `${server}/mcp/`), urlServer('gone', NOBODY)])
    expect(events).toEqual([
      {
        type: 'turn-end',
        completed: false,
        reason: 'mcp-server',
        detail: expect.stringMatching(/^(?!.*works)(?!.*own).*gone.*ECONNREFUSED/),
      },
    ])
    expect(begun).toBe(false)
  })

  it('begins where they could not be asked, and they are named', async () => {
    const dir = folder()
    writeFileSync(join(dir, 'node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const { events, end } = await lived([urlServer('gone', NOBODY)], dir)
    expect(end).toMatchObject({ completed: true })
    expect(events[0]).toEqual({ type: 'progress', text: expect.stringContaining('gone') })
  })

  it('that says so itself once it has begun is not believed', async () => {
    const words = ['missing-servers', 'unasked-servers'].map((seamark) => ({
      seamark,
      servers: [{ index: 0, why: 'ECONNREFUSED' }],
    }))
    const said = jsonLines(says.hello('1', 1, speaks), says.session(), ...words, says.end())
    const { events } = await hear(said, { mcpServers: [urlServer('web', NOBODY)] })
    expect(endOf(events)).toEqual({ completed: true, reason: 'completed' })
    expect(events.filter(({ type }) => type === 'progress')).toHaveLength(1)
  })

  it.each([
    ['http', speaks, true],
    ['sse', speaks, false],
    ['http', {}, false],
    ['http', { mcpCapabilities: null }, false],
  ] as const)('that speaks to servers by %s as %j is given one: %s', async (type, capabilities, isGiven) => {
    const said = jsonLines(says.hello('1', 1, capabilities), says.session(), says.end())
    const { events, wrote } = await hear(said, { mcpServers: [urlServer('web', NOBODY, type)] })
    expect(events.at(-1)).toMatchObject(
      isGiven
        ? { completed: true }
        : { completed: false, reason: 'mcp-server', detail: expect.stringContaining('web') },
    )
    // What would be left out is not asked to be done without it.
    expect(wrote.length > 2).toBe(isGiven)
  })
})
