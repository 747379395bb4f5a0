import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { GRANTED, hostileHosts, NOT_GRANTED, type HostileHosts } from './hostile-hosts.ts'
import { filesWithText } from './look-inside.ts'
import { begin, NODE, place, until, type Place, type Started } from './seamark.ts'

const secret = 'sk-hostile-Zq80123456789abcdef'
const own = 'sk-of-the-program-0123456789'
const deeds = ['key', 'gist', 'endless', 'slow', 'many', 'http2', 'upgrade', 'names', 'turns']

function configuration({ port, ca }: HostileHosts, { line }: Ground): string {
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
  ${line}
  queues: { default: { concurrency: ${deeds.length + 2} } },
  policy: { network: { allow: ${JSON.stringify(rules)} } },
  secrets: {
    spec: 'secrets/v1', kind: 'test', name: 'test', guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(${JSON.stringify(secret)}) }),
    describe: async (ref) => ({ ref }),
  },
  egress: {
    credentials: { 'model-key': { way: 'bearer' } },
    privateRanges: ${JSON.stringify(GRANTED.map((address) => `${address}/32`))},
    extraCas: [readFileSync(${JSON.stringify(ca)}, 'utf8')],
    limits: { maxRequestBytes: 2_000_000, idleMs: 8_000, pinMs: 0 },
  },
}
`
}

const ordinary = (port: number): string =>
  [
    'set -eu',
    `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["open.example:${port}"]')`,
    'told=on; while [ "$told" = on ]; do told=$(curl -sSf "$base/beside"); sleep 0.1; done',
    'echo "$told" > told.txt',
  ].join('\n')

const plan = (port: number, executor: string): string =>
  JSON.stringify({
    version: 1,
    workspace: { git: 'repo' },
    defaults: { timeout: '90s', executor },
    items: [
      { id: 'ordinary', run: ordinary(port), patch: 'required' },
      ...deeds.map((deed) => ({ id: deed, run: `node hostile-network.mjs ${deed} ${port}` })),
      { id: 'held', run: "trap '' TERM HUP INT; while :; do sleep 1; done", timeout: '5s' },
    ],
  })

/** What becomes a program with names of its own, from a table of hosts. The program has the user that this is. */
function withNames(table: string): readonly string[] {
  const [user, group] = [process.getuid?.(), process.getgid?.()]
  // It takes a mount. Who is not root becomes root where they may, and then the user again that they were.
  const [rooted, again] =
    user === 0 ? [[], ''] : [['--map-root-user'], `unshare --map-user=${user} --map-group=${group}`]
  return ['unshare', ...rooted, '--mount', 'sh', '-c', `mount --bind "$0" /etc/hosts && exec ${again} "$@"`, table]
}

/** Forwarders of attempts whose files are below a folder. */
function forwarders(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const about = (name: string): string => readFileSync(join('/proc', pid, name), 'utf8')
      return about('cmdline').includes('/run/seamark-forward') && about('mountinfo').includes(folder)
    } catch {
      return false
    }
  })
}

interface Decided {
  readonly outcome: string
  readonly reason: string
  readonly count?: number
  readonly path?: string
  readonly host?: string
  readonly address?: string
}

/** Tests of what comes of a hostile program's way out, on a real service with a gateway, in attempts on one executor. */
export function testsOfTheWayOut(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  let ground: Ground
  let hosts: HostileHosts
  let service: Started
  const decided = new Map<string, Decided[]>()
  let forwardersMeanwhile = 0

  const seamark = (...argv: readonly string[]) => here.seamark(...argv, '--config', 'seamark.config.mjs')
  const of = (item: string, outcome: string): Decided[] =>
    (decided.get(item) ?? []).filter((one) => one.outcome === outcome)
  const refusals = (item: string): string[] => [...new Set(of(item, 'refused').map(({ reason }) => reason))].toSorted()
  const logOf = async (item: string): Promise<string> => (await seamark('logs', 'r', item)).out
  const status = async (): Promise<readonly { item: string; status: string; executor: string }[]> => {
    const { out } = await seamark('status', 'r', '--json')
    return JSON.parse(out || '{"items":[]}').items
  }

  beforeAll(async () => {
    ground = await open(here)
    undo.push(ground.stop)
    hosts = await hostileHosts(here)
    undo.push(hosts.stop)
    here.write('seamark.config.mjs', configuration(hosts, ground))
    const program = readFileSync(join(import.meta.dirname, 'hostile-network.mjs'), 'utf8')
    here.repository('repo', { 'hostile-network.mjs': program })
    here.write('plan.json', plan(hosts.port, ground.executor))

    service = begin(here.dir, [...withNames(hosts.table), ...NODE, 'serve', '--config', 'seamark.config.mjs'])
    undo.push(async () => service.child.kill('SIGTERM') && (await service.ended))
    await service.saw('socket')
    const running = seamark('run', 'plan.json', '--id', 'r', '--json')
    await until(async () => {
      const others = (await status()).filter(({ item }) => item !== 'ordinary')
      return others.length > 0 && others.every((each) => ['succeeded', 'failed', 'timed-out'].includes(each.status))
    }, 90_000)
    forwardersMeanwhile = forwarders(here.dir).length
    hosts.enough()
    const { out } = await running
    for (const line of out.trim().split('\n')) {
      const { kind, item, data } = JSON.parse(line)
      if (kind === 'egress.decided') decided.set(item, [...(decided.get(item) ?? []), data])
    }
  }, 240_000)

  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  it('stops neither the service nor the ordinary item beside it', async () => {
    const ended = { status: 'succeeded', executor: ground.executor }
    const items = ['ordinary', ...deeds].map((item) => expect.objectContaining({ item, ...ended }))
    expect(await status()).toEqual(expect.arrayContaining(items))
    expect(hosts.answered()).toBeGreaterThan(5)
    expect(of('ordinary', 'refused')).toEqual([])
    here.write(
      'after.json',
      JSON.stringify({
        version: 1,
        defaults: { executor: ground.executor },
        items: [{ id: 'a', run: ordinary(hosts.port) }],
      }),
    )
    const after = await seamark('run', 'after.json', '--id', 'after')
    expect(after.code).toBe(0)
    expect(service.child.exitCode).toBeNull()
  }, 60_000)

  it('is told beside the outcome of its item, by how much was refused and why', async () => {
    const items: Record<string, { refusedRequests?: { count: number; reasons: readonly string[] } }> =
      Object.fromEntries(
        JSON.parse((await seamark('status', 'r', '--json')).out).items.map((one: { item: string }) => [one.item, one]),
      )
    expect(items['ordinary']).not.toHaveProperty('refusedRequests')
    for (const deed of deeds.filter((one) => one !== 'key')) {
      const { count = 0, reasons = [] } = items[deed]?.refusedRequests ?? {}
      expect([deed, reasons.toSorted()]).toEqual([deed, refusals(deed)])
      expect([deed, count]).toEqual([deed, of(deed, 'refused').reduce((sum, one) => sum + (one.count ?? 1), 0)])
    }
    // It is not cut where one item is asked for.
    expect((await seamark('status', 'r', 'many')).out).toMatch(/was refused \d+ requests: too-many-connections$/m)
  })

  it('has no forwarder any more once it has ended, by itself or at its limit of time', async () => {
    expect(await status()).toContainEqual(expect.objectContaining({ item: 'held', status: 'failed' }))
    expect(forwardersMeanwhile).toBeGreaterThan(0)
    expect(forwarders(here.dir)).toEqual([])
  })

  it('sends no credential of its own, and the one that is added stays outside', async () => {
    expect(await logOf('key')).toBe('HTTP/1.1 200 OK\nHTTP/1.1 200 OK\n')
    const models = hosts.seen.find(({ url }) => url.startsWith('/v1/models'))
    expect(models).toMatchObject({ url: '/v1/models?page=1', said: expect.stringContaining(`Bearer ${secret}`) })
    expect(hosts.seen.find(({ url }) => url === '/own')?.said).not.toMatch(/authorization|api.key/i)
    expect(JSON.stringify(hosts.seen)).not.toContain(`Bearer ${own}`)
    expect(of('key', 'allowed')).toContainEqual(expect.objectContaining({ path: '/v1/models', inject: 'model-key' }))
    expect(filesWithText(here.data, secret)).toEqual([])
    expect(filesWithText(here.data, 'agreed http/1.1').length).toBeGreaterThan(0)
  }, 60_000)

  it('makes no gist with the token of a repository, however it spells the path', async () => {
    const said = (await logOf('gist')).trim().split('\n')
    expect(said.slice(0, 7).map((line) => line.split(' ')[2])).toEqual(['403', ...Array<string>(5).fill('400'), '403'])
    const forge = hosts.seen.filter(({ address }) => address === '127.0.0.12')
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
    expect(hosts.sent()).toBeLessThan(100_000_000)
  })

  it('gets so many connections and no more, and it is recorded how many not', async () => {
    expect(await logOf('many')).toBe('opened 10000\n')
    expect(refusals('many')).toEqual(['too-many-connections'])
    const refused = of('many', 'refused').reduce((sum, { count = 1 }) => sum + count, 0)
    // By default 1,024 are there at a time; where they end meanwhile, others get in.
    expect(refused).toBeGreaterThan(5_000)
    expect(of('many', 'refused').length).toBeLessThan(50)
  })

  it('speaks no HTTP/2 and no other protocol', async () => {
    expect(await logOf('http2')).toMatch(/^HTTP\/1\.1 501 .*\nagreed http\/1\.1\nHTTP\/1\.1 501 /)
    expect(refusals('http2')).toEqual(['http2'])
    expect((await logOf('upgrade')).match(/501/g)).toHaveLength(2)
    expect(refusals('upgrade')).toEqual(['upgrade'])
    expect(hosts.seen.some(({ url }) => url === '/socket')).toBe(false)
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
    expect(hosts.seen.filter(({ address }) => address === NOT_GRANTED)).toEqual([])
  })
}
