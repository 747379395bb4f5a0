import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenOn } from './loopback.ts'
import { begin, NODE, place, until, type Started } from './seamark.ts'

const here = place()
afterAll(() => here.remove())
const secret = 'sk-hostile-Zq80123456789abcdef'
const own = 'sk-of-the-program-0123456789'
const deeds = ['key', 'gist', 'endless', 'slow', 'many', 'http2', 'upgrade', 'names', 'turns']
/** Where each name leads at first. `turns.example` then leads to an address that is not granted. */
const names = {
  'model.example': '127.0.0.11',
  'forge.example': '127.0.0.12',
  'open.example': '127.0.0.13',
  'xn--bcher-kva.example': '127.0.0.13',
  'turns.example': '127.0.0.14',
  'inner.example': '169.254.169.254',
}
const notGranted = '127.0.0.15'

let server: Server
let port = 0
let service: Started
const seen: { readonly address: string; readonly url: string; readonly said: string }[] = []
/** What was sent of an answer that nobody reads. */
let sent = 0
/** Answers to the ordinary item, which goes on until all others have ended. */
let answered = 0
let enough = false

const hosts = (more: Partial<typeof names> = {}): string =>
  Object.entries({ ...names, ...more })
    .map(([name, address]) => `${address} ${name}\n`)
    .join('')

function answer(req: IncomingMessage, res: ServerResponse): void {
  const { url = '', rawHeaders, socket } = req
  if (url === '/beside') return void (answered++, res.end(enough ? 'enough' : 'on'))
  seen.push({ address: socket.localAddress ?? '', url, said: rawHeaders.join('\n') })
  if (url === '/first') here.write('hosts', hosts({ 'turns.example': notGranted }))
  if (url === '/endless') return void req.resume().on('end', () => res.end('page\n'))
  if (url !== '/large') return void res.end('page\n')
  const piece = Buffer.alloc(65_536)
  const more = (): void => {
    while (!res.destroyed && sent < 1_000_000_000) {
      sent += piece.length
      if (!res.write(piece)) return void res.once('drain', more)
    }
  }
  more()
}

function configuration(): string {
  const rules = [
    { host: 'model.example', port, mode: 'endpoint', methods: ['GET'], paths: ['/v1/*'], inject: 'model-key' },
    { host: 'forge.example', port, mode: 'intercept', methods: ['GET', 'POST'], paths: ['/repos/acme/*'], inject: 'model-key' },
    { host: 'open.example', port, mode: 'endpoint' },
    { host: 'xn--bcher-kva.example', port, mode: 'tunnel' },
    { host: 'turns.example', port, mode: 'endpoint' },
    { host: 'inner.example', port, mode: 'endpoint' },
  ] // prettier-ignore
  return `import { readFileSync } from 'node:fs'
export default {
  queues: { default: { concurrency: ${deeds.length + 1} } },
  policy: { network: { allow: ${JSON.stringify(rules)} } },
  secrets: {
    spec: 'secrets/v1', kind: 'test', name: 'test', guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(${JSON.stringify(secret)}) }),
    describe: async (ref) => ({ ref }),
  },
  egress: {
    credentials: { 'model-key': { way: 'bearer' } },
    privateRanges: ['127.0.0.11/32', '127.0.0.12/32', '127.0.0.13/32', '127.0.0.14/32'],
    extraCas: [readFileSync(${JSON.stringify(join(here.dir, 'ca.pem'))}, 'utf8')],
    limits: { maxRequestBytes: 2_000_000, maxConnections: 64, idleMs: 3_000, pinMs: 0 },
  },
}
`
}

const ordinary = (): readonly string[] => [
  'set -eu',
  `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["open.example:${port}"]')`,
  'told=on; while [ "$told" = on ]; do told=$(curl -sSf "$base/beside"); sleep 0.1; done',
  'echo "$told" > told.txt',
]

const plan = (): string =>
  JSON.stringify({
    version: 1,
    workspace: { git: 'repo' },
    defaults: { timeout: '90s' },
    items: [
      { id: 'ordinary', run: ordinary().join('\n'), patch: 'required' },
      ...deeds.map((deed) => ({ id: deed, run: `node hostile-network.mjs ${deed} ${port}` })),
    ],
  })

interface Decided {
  readonly outcome: string
  readonly reason: string
  readonly count?: number
  readonly path?: string
  readonly host?: string
  readonly address?: string
}

const decided = new Map<string, Decided[]>()
const of = (item: string, outcome: string): Decided[] =>
  (decided.get(item) ?? []).filter((one) => one.outcome === outcome)
const refusals = (item: string): string[] => [...new Set(of(item, 'refused').map(({ reason }) => reason))].toSorted()
const logOf = async (item: string): Promise<string> =>
  (await here.seamark('logs', 'r', item, '--config', 'seamark.config.mjs')).out
/** Files of the data folder with a text in them, logs of the programs among them. */
const filesWith = (text: string): string[] =>
  readdirSync(here.data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text))
const status = async (): Promise<Record<string, string>> => {
  const { out } = await here.seamark('status', 'r', '--json', '--config', 'seamark.config.mjs')
  const { items }: { readonly items: readonly { item: string; status: string }[] } = JSON.parse(out || '{"items":[]}')
  return Object.fromEntries(items.map((each) => [each.item, each.status]))
}

// Names of its own need a mount.
describe.runIf(process.getuid?.() === 0)('what a hostile program does with its way out (as root)', () => {
  beforeAll(async () => {
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: here.dir, stdio: 'pipe' })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-x509', ...key, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of a test') // prettier-ignore
    openssl('req', ...key, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host')
    here.write('ext', `subjectAltName=${Object.keys(names).map((name) => `DNS:${name}`).join(',')}\n`) // prettier-ignore
    openssl('x509', '-req', '-in', 'host.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', 'host.pem') // prettier-ignore
    const read = (name: string): Buffer => readFileSync(join(here.dir, name))
    server = createServer({ key: read('host.key'), cert: read('host.pem') }, answer)
    port = await listenOn(server, ['127.0.0.11', '127.0.0.12', '127.0.0.13', '127.0.0.14', notGranted])
    here.write('seamark.config.mjs', configuration())
    here.write('hosts', hosts())
    const program = readFileSync(join(import.meta.dirname, 'hostile-network.mjs'), 'utf8')
    here.repository('repo', { 'hostile-network.mjs': program })
    here.write('plan.json', plan())

    const named = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      'mount --bind "$0" /etc/hosts && exec "$@"',
      join(here.dir, 'hosts'),
    ]
    service = begin(here.dir, [...named, ...NODE, 'serve', '--config', 'seamark.config.mjs'])
    await service.saw('socket')
    const running = here.seamark('run', 'plan.json', '--id', 'r', '--json', '--config', 'seamark.config.mjs')
    await until(async () => {
      const { ordinary: _, ...others } = await status()
      const ends = Object.values(others)
      return ends.length === deeds.length && ends.every((end) => ['succeeded', 'failed', 'timed-out'].includes(end))
    }, 90_000)
    enough = true
    const { out } = await running
    for (const line of out.trim().split('\n')) {
      const { kind, item, data } = JSON.parse(line)
      if (kind === 'egress.decided') decided.set(item, [...(decided.get(item) ?? []), data])
    }
  }, 180_000)

  afterAll(async () => {
    service.child.kill('SIGTERM')
    await service.ended
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }, 60_000)

  it('stops neither the service nor the ordinary item beside it', async () => {
    expect(await status()).toEqual(Object.fromEntries(['ordinary', ...deeds].map((item) => [item, 'succeeded'])))
    expect(answered).toBeGreaterThan(5)
    expect(of('ordinary', 'refused')).toEqual([])
    here.write('after.json', JSON.stringify({ version: 1, items: [{ id: 'a', run: ordinary().join('\n') }] }))
    const after = await here.seamark('run', 'after.json', '--id', 'after', '--config', 'seamark.config.mjs')
    expect(after.code).toBe(0)
    expect(service.child.exitCode).toBeNull()
  }, 60_000)

  it('sends no credential of its own, and the one that is added stays outside', async () => {
    expect(await logOf('key')).toBe('HTTP/1.1 200 OK\nHTTP/1.1 200 OK\n')
    const models = seen.find(({ url }) => url.startsWith('/v1/models'))
    expect(models).toMatchObject({ url: '/v1/models?page=1', said: expect.stringContaining(`Bearer ${secret}`) })
    expect(seen.find(({ url }) => url === '/own')?.said).not.toMatch(/authorization|api.key/i)
    expect(JSON.stringify(seen)).not.toContain(`Bearer ${own}`)
    expect(of('key', 'allowed')).toContainEqual(expect.objectContaining({ path: '/v1/models', inject: 'model-key' }))
    expect(filesWith(secret)).toEqual([])
    expect(filesWith('agreed http/1.1').length).toBeGreaterThan(0)
  }, 60_000)

  it('makes no gist with the token of a repository, however it spells the path', async () => {
    const said = (await logOf('gist')).trim().split('\n')
    expect(said.slice(0, 7).map((line) => line.split(' ')[2])).toEqual(['403', ...Array<string>(5).fill('400'), '403'])
    const forge = seen.filter(({ address }) => address === '127.0.0.12')
    // Only what is about the repository, and nothing that says otherwise.
    const posted = forge.filter(({ url }) => url !== '/repos/acme/named')
    expect(posted.map(({ url }) => url)).toEqual(['/repos/acme/x/issues'])
    expect(posted[0]?.said).not.toMatch(/gist|DELETE/)
    expect(posted[0]?.said).toContain(secret)
    expect(refusals('gist')).toEqual(['ambiguous-path', 'method', 'path'])
  })

  it('ends a body without end at its limit, and an answer that nobody reads, each by name', async () => {
    expect(await logOf('endless')).toBe('endless is over\nearly is over\n')
    expect(refusals('endless')).toEqual(['too-large'])
    expect(of('endless', 'refused')[0]).toMatchObject({ host: 'open.example', path: '/endless' })
    expect(refusals('slow')).toEqual(['too-slow'])
    expect(sent).toBeLessThan(100_000_000)
  })

  it('gets so many connections and no more, and it is recorded how many not', async () => {
    expect(await logOf('many')).toBe('opened 10000\n')
    expect(refusals('many')).toEqual(['too-many-connections'])
    const refused = of('many', 'refused').reduce((sum, { count = 1 }) => sum + count, 0)
    // 64 get in at a time. A machine with a load of 25 recorded 8,128.
    expect(refused).toBeGreaterThan(5_000)
    expect(of('many', 'refused').length).toBeLessThan(50)
  })

  it('speaks no HTTP/2 and no other protocol', async () => {
    expect(await logOf('http2')).toMatch(/^HTTP\/1\.1 501 .*\nagreed http\/1\.1\nHTTP\/1\.1 501 /)
    expect(refusals('http2')).toEqual(['http2'])
    expect((await logOf('upgrade')).match(/501/g)).toHaveLength(2)
    expect(refusals('upgrade')).toEqual(['upgrade'])
    expect(seen.some(({ url }) => url === '/socket')).toBe(false)
  })

  it('reaches no address by another spelling, and a listed name by any case', async () => {
    const said = (await logOf('names')).trim().split('\n')
    const [good, bad] = [
      said.filter((line) => line.startsWith('good')),
      said.filter((line) => !line.startsWith('good')),
    ]
    expect(good.map((line) => line.split(' ')[3])).toEqual(['200', '200', '200'])
    expect(bad).toHaveLength(17)
    for (const line of bad) expect(line).toMatch(/ 40[03]\b/)
    expect(refusals('names')).toEqual(['address', 'authority', 'malformed', 'not-listed'])
    const reached = of('names', 'allowed').map(({ host, address }) => [host, address])
    expect(reached).toEqual([
      ['forge.example', '127.0.0.12'],
      ['forge.example', '127.0.0.12'],
      ['xn--bcher-kva.example', '127.0.0.13'],
    ])
  })

  it('is not led inside by a name that turns to another address', async () => {
    expect(await logOf('turns')).toMatch(/^HTTP\/1\.1 200 OK\nHTTP\/1\.1 403 /)
    expect(of('turns', 'allowed')).toMatchObject([{ address: '127.0.0.14', path: '/first' }])
    expect(of('turns', 'refused')).toMatchObject([{ reason: 'address', host: 'turns.example', path: '/second' }])
    expect(seen.filter(({ address }) => address === notGranted)).toEqual([])
  })
})
