import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { seamarkClient, type SeamarkClient } from '@seamark/sdk'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { filesWith, formsOf, lookInside, percented, secretsIn } from './look-inside.ts'
import type { Look } from './look-inside.ts'
import { listenOn } from './loopback.ts'
import { begin, NODE, place, type Place, type Started } from './seamark.ts'

/** Every so many runs, one is looked into while it goes on. */
const HELD = 10

const seed = Number(process.env['SEAMARK_SEED'] ?? randomBytes(4).readUInt32BE())

/** Secrets of many kinds of characters, made anew each time. */
const secrets: Readonly<Record<string, string>> = {
  bearer: `sk-canary-${randomBytes(18).toString('base64')}`,
  header: `~!*'();/?:@&=+$,#[]%<>^|{}"${randomBytes(9).toString('hex')}`,
  basic: `p${randomBytes(12).toString('hex')}\\u0041/"`,
}

/** The ways in which a host says again what it was sent. */
const encodings = {
  plain: (value) => value,
  base64: (value) => Buffer.from(value).toString('base64'),
  'base64 within': (value) => Buffer.from(`ab${value}yz`).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  hex: (value) => Buffer.from(value).toString('hex'),
  HEX: (value) => Buffer.from(value).toString('hex').toUpperCase(),
  url: (value) => encodeURIComponent(value),
  'all of url': percented,
  JSON: (value) => JSON.stringify({ value }),
} satisfies Record<string, (value: string) => string>

type Encoding = keyof typeof encodings
/** The parts of an answer that hold it. */
const parts = ['body', 'bytes', 'gzip', 'deflate', 'br', 'header', 'cookie', 'reason', 'trailer', 'early', 'location', 'error', 'name', 'type', 'twice'] as const // prettier-ignore
type Part = (typeof parts)[number]

interface Asked {
  readonly run: number
  readonly secret: string
  readonly mode: 'endpoint' | 'intercept'
  readonly part: Part
  readonly encoding: Encoding
  readonly padding: number
  readonly ends: 'exit 0' | 'exit 3' | 'kill -9 $$'
}

const asked: fc.Arbitrary<Omit<Asked, 'run'>> = fc.record({
  secret: fc.constantFrom(...Object.keys(secrets)),
  mode: fc.constantFrom('endpoint' as const, 'intercept' as const),
  part: fc.constantFrom(...parts),
  encoding: fc.constantFrom(...(Object.keys(encodings) as Encoding[])),
  padding: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 70_000 })),
  ends: fc.constantFrom('exit 0' as const, 'exit 0' as const, 'exit 3' as const, 'kill -9 $$' as const),
})

/** Everything that is told by a host begins with it, so that a look that finds none proves nothing. */
const beacon = `beacon-${randomBytes(8).toString('hex')}`

const hosts: Readonly<Record<string, Readonly<Record<Asked['mode'], string>>>> = {
  bearer: { endpoint: '127.0.0.11', intercept: '127.0.0.21' },
  header: { endpoint: '127.0.0.12', intercept: '127.0.0.22' },
  basic: { endpoint: '127.0.0.13', intercept: '127.0.0.23' },
}
const addresses = Object.values(hosts).flatMap((of) => Object.values(of))

const inside = secretsIn(secrets)

/** Tests that no secret is found after so many runs that ask for it, on a real service, in attempts on one executor. */
export function testsOfCanaries(open: (here: Place) => Promise<Ground>, count: number): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  let ground: Ground
  let server: Server
  let port = 0
  let service: Started
  let client: SeamarkClient
  let runs: readonly Asked[] = []
  /** How often a host was sent a credential. */
  let sent = 0
  const looks: (Look & { readonly kept: number })[] = []

  /** What programs had of the answers, before anything else takes secrets out. */
  const gifts: { readonly run: number; readonly found: readonly string[]; readonly beacon: boolean }[] = []

  /** The environments and all memory of the processes of these runs. What their executor keeps is looked into with it. */
  const look = (): Look => lookInside({ run: `canary-${seed}-`, beacon, inside })

  function answer(req: IncomingMessage, res: ServerResponse): void {
    const url = req.url ?? ''
    const held = /^\/v1\/held\/(\d+)$/.exec(url)
    if (held !== null) {
      const seen = look()
      let kept = 0
      const leaked = ground.keeps.flatMap((folder) =>
        filesWith(folder, (bytes) => ++kept > 0 && inside(bytes).length > 0),
      )
      looks.push({ ...seen, kept, found: [...seen.found, ...leaked] })
      return void res.end(`${beacon}\n`)
    }
    const given = /^\/v1\/given\/(\d+)$/.exec(url)
    if (given !== null) {
      const pieces: Buffer[] = []
      req.on('data', (piece: Buffer) => pieces.push(piece))
      req.on('end', () => {
        const bytes = Buffer.concat(pieces)
        gifts.push({ run: Number(given[1]), found: inside(bytes), beacon: bytes.includes(beacon) })
        res.end(beacon)
      })
      return
    }
    const about = runs[Number(/^\/v1\/run\/(\d+)/.exec(url)?.[1] ?? NaN)]
    // A secret may come in any header, and in base64 beside the name of a user.
    const headers = req.rawHeaders.join('\n')
    const value = Object.values(secrets).find((one) => formsOf(one).some((form) => headers.includes(form.toString())))
    if (about === undefined || value === undefined) return void res.writeHead(404).end(beacon)
    sent++
    const told = encodings[about.encoding](value)
    // A header's value may not hold everything.
    const line = `${beacon} ${told}`.replaceAll(/[^\x20-\x7e]/g, '')
    const body = `${beacon}${'.'.repeat(about.padding)}${told}\n`
    switch (about.part) {
      case 'body':
        return void res.end(body)
      case 'twice':
        return void res.end(`${body}${told}${told}`)
      case 'error':
        return void res.writeHead(500, { 'content-type': 'application/json' }).end(body)
      case 'bytes': {
        const bytes = Buffer.from(`${beacon}${told}`)
        const next = (at: number): void => {
          if (at === bytes.length) return void res.end()
          res.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1))
        }
        return next(0)
      }
      case 'gzip':
        return void res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body))
      case 'deflate':
        return void res.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateSync(body))
      case 'br':
        return void res.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync(body))
      case 'header':
        return void res.writeHead(200, { 'x-echo': line, etag: `"${line.replaceAll('"', '')}"` }).end(beacon)
      case 'cookie':
        return void res.writeHead(200, { 'set-cookie': [line, `a=${line}`] }).end(beacon)
      case 'reason':
        return void res.writeHead(200, line).end(beacon)
      case 'location':
        return void res.writeHead(302, { location: `/v1/run/x?${line}` }).end(beacon)
      case 'type':
        return void res
          .writeHead(401, { 'content-type': `text/plain; x=${line}`, 'www-authenticate': line })
          .end(beacon)
      case 'name':
        return void res.writeHead(200, { [`x-${told.replaceAll(/[^\w-]/g, '')}`]: beacon }).end(beacon)
      case 'trailer':
        res.writeHead(200, { trailer: 'x-echo' }).write(beacon)
        res.addTrailers({ 'x-echo': line })
        return void res.end()
      case 'early':
        res.writeEarlyHints({ link: '</style.css>; rel=preload', 'x-echo': line })
        return void res.end(beacon)
    }
  }

  function configure(): void {
    const rules = Object.entries(hosts).flatMap(([inject, of]) =>
      Object.entries(of).map(([mode, host]) => ({ host, port, mode, paths: ['/v1/*'], inject })),
    )
    const path = (name: string) => JSON.stringify(join(here.dir, name))
    here.write('secrets.json', JSON.stringify(secrets))
    here.write(
      'seamark.config.mjs',
      `import { readFileSync } from 'node:fs'
const secrets = JSON.parse(readFileSync(${path('secrets.json')}, 'utf8'))
export default {
  ${ground.line}
  queues: { default: { concurrency: 6 } },
  policy: { network: { allow: ${JSON.stringify(rules)} } },
  secrets: {
    spec: 'secrets/v1', kind: 'test', name: 'test', guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(secrets[ref]) }),
    describe: async (ref) => ({ ref }),
  },
  egress: {
    credentials: {
      bearer: { way: 'bearer' }, header: { way: 'header', header: 'X-Api-Key' }, basic: { way: 'basic', user: 'me' },
    },
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${path('ca.pem')}, 'utf8')],
  },
}
`,
    )
  }

  /** A program that has its secret told again, and puts the answer wherever it can. */
  function program({ run, mode, secret, ends }: Asked): string {
    const host = hosts[secret]?.[mode] ?? ''
    const base =
      mode === 'intercept'
        ? `base=https://${host}:${port}`
        : `base=$(printf %s "$SEAMARK_ENDPOINTS" | sed -E 's#.*"${host}:${port}":"([^"]*)".*#\\1#')`
    return [
      base,
      `curl -sS --max-time 60 ${run % 2 === 0 ? '--raw -i -L' : '--compressed -v'} "$base/v1/run/${run}" > told.txt 2> errors.txt`,
      'cat told.txt errors.txt; cat told.txt >&2',
      'mkdir -p out && cat told.txt errors.txt > out/all.txt',
      `curl -sS --max-time 60 --data-binary @out/all.txt "$base/v1/given/${run}" > /dev/null`,
      'env > environment.txt; cat /proc/*/environ > environments.txt 2>/dev/null',
      // The arguments and the environment of one program, and the memory of another, have the answers in them.
      ...(run % HELD === 0
        ? [
            `ANSWER="$(tr -d '\\000' < out/all.txt | head -c 60000)" curl -sS --max-time 60 "$base/v1/held/${run}" > held.txt`,
          ]
        : []),
      ends,
    ].join('\n')
  }

  beforeAll(async () => {
    ground = await open(here)
    undo.push(ground.stop)
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: here.dir, stdio: 'pipe' })
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of a test') // prettier-ignore
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host') // prettier-ignore
    here.write('ext', `subjectAltName=${addresses.map((address) => `IP:${address}`).join(',')}\n`)
    openssl('x509', '-req', '-in', 'host.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', 'host.pem') // prettier-ignore
    const tls = { key: readFileSync(join(here.dir, 'host.key')), cert: readFileSync(join(here.dir, 'host.pem')) }
    server = createServer(tls, answer)
    port = await listenOn(server, addresses)
    undo.push(() => new Promise((done) => server.close(done)))
    undo.push(() => server.closeAllConnections())
    configure()
    runs = fc.sample(asked, { numRuns: count, seed }).map((one, run) => ({ ...one, run }))
    service = begin(here.dir, [...NODE, 'serve', '--config', 'seamark.config.mjs'])
    await service.saw('socket')
    client = seamarkClient({ socketPath: join(here.data, 'service/socket') })
    undo.push(stop)
  }, 120_000)

  /** Ends the service, and gives all that it said. */
  async function stop(): Promise<string> {
    await client.close()
    service.child.kill('SIGTERM')
    const { out, err } = await service.ended
    return out + err
  }

  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  it(`no byte of a secret is found after ${count} runs that ask for it (as root)`, { timeout: 300_000 }, async () => {
    const records: string[] = []
    const idOf = (run: number) => `canary-${seed}-${run}`
    const submit = (run: Asked) => {
      const item = { id: 'a', run: program(run), executor: ground.executor, outputs: [{ path: 'out/all.txt' }] }
      return client.submit({ plan: JSON.stringify({ version: 1, items: [item] }), format: 'json', run: idOf(run.run) })
    }
    for (let at = 0; at < count; at += HELD) await Promise.all(runs.slice(at, at + HELD).map(submit))
    for (const { run } of runs)
      for await (const event of client.events(idOf(run), { follow: true })) records.push(JSON.stringify(event))
    // Every one was sent its secret, by what its host was told.
    expect(sent, `seed ${seed}`).toBeGreaterThanOrEqual(count)
    expect(
      gifts.filter(({ found }) => found.length > 0).map(({ run }) => runs[run]),
      `seed ${seed}`,
    ).toEqual([])
    expect(gifts.length).toBe(count)
    expect(gifts.filter((gift) => gift.beacon).length).toBeGreaterThan(count / 2)
    expect(looks.length).toBe(count / HELD)
    for (const look of looks) {
      expect(look.found, `seed ${seed}`).toEqual([])
      expect(look.processes).toBeGreaterThan(1)
      expect(look.kept > 0).toBe(ground.keeps.length > 0)
    }
    // What the host told is where a secret would be; some of its answers are refused whole, or come after the look.
    expect(looks.some(({ beacons }) => beacons > 1)).toBe(true)
    expect(records.length).toBeGreaterThan(count)
    expect(inside(Buffer.from(records.join('\n'))), `seed ${seed}`).toEqual([])
    expect(inside(Buffer.from(await stop())), `seed ${seed}`).toEqual([])
    const leaked = filesWith(here.data, (bytes) => inside(bytes).length > 0)
    expect(leaked, `seed ${seed}`).toEqual([])
    expect(filesWith(here.data, (bytes) => bytes.includes(beacon)).length).toBeGreaterThan(count)
  })
}
