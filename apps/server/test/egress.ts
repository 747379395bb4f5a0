import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { listenOn } from './loopback.ts'
import { filesWithText } from './look-inside.ts'
import { begin, NODE, place, until, type Place } from './seamark.ts'

interface Recorded {
  readonly kind: string
  readonly item?: string
  readonly attempt?: number
  readonly data: Readonly<Record<string, unknown>>
}

const secret = 'sk-egress-Zq80123456789abcdef'
/** Tests of a program's ways out, on a real service with a gateway, in attempts on one executor. */
export function testsOfEgress(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  let ground: Ground
  let server: Server
  let port: number
  /** Whether `/go` is answered. */
  let going = false
  const seen: { url: string; authorization: string | undefined }[] = []

  /** A host of the network: a program's API, a git repository over plain HTTP files, and a page. */
  beforeAll(async () => {
    ground = await open(here)
    undo.push(ground.stop)
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: here.dir, stdio: 'pipe' })
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of a test') // prettier-ignore
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host') // prettier-ignore
    here.write('ext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3\n')
    openssl('x509', '-req', '-in', 'host.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', 'host.pem') // prettier-ignore
    const bare = join(here.dir, 'bare.git')
    execFileSync('git', ['clone', '-q', '--bare', here.repository('cloned', { 'page.txt': 'from git\n' }), bare])
    execFileSync('git', ['update-server-info'], { cwd: bare })
    const options = { key: readFileSync(join(here.dir, 'host.key')), cert: readFileSync(join(here.dir, 'host.pem')) }
    server = createServer(options, (req, res) => {
      const url = req.url ?? ''
      seen.push({ url, authorization: req.headers.authorization })
      const [path = ''] = url.split('?')
      if (path === '/go' && !going) return void res.writeHead(503).end()
      if (!path.startsWith('/bare.git/')) return void res.end(`page ${path} ${req.headers.authorization ?? '-'}\n`)
      try {
        res.end(readFileSync(join(here.dir, path)))
      } catch {
        res.writeHead(404).end()
      }
    })
    port = await listenOn(server, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    undo.push(() => new Promise((done) => server.close(done)))
    undo.push(() => server.closeAllConnections())
  }, 120_000)

  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  function configure(): void {
    const rules = `[
    { host: '127.0.0.1', port: ${port}, mode: 'endpoint', methods: ['GET'], paths: ['/v1/*'], inject: 'api-key' },
    { host: '127.0.0.2', port: ${port}, mode: 'intercept' },
    { host: '127.0.0.3', port: ${port}, mode: 'tunnel' },
  ]`
    writeFileSync(
      join(here.dir, 'seamark.config.mjs'),
      `import { readFileSync } from 'node:fs'
export default {
  ${ground.line}
  policy: { network: { allow: ${rules} } },
  secrets: {
    spec: 'secrets/v1', kind: 'test', name: 'test', guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(readFileSync(${JSON.stringify(join(here.dir, 'secret'))}, 'utf8')) }),
    describe: async (ref) => ({ ref }),
  },
  egress: {
    credentials: { 'api-key': { way: 'bearer' } },
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${JSON.stringify(join(here.dir, 'ca.pem'))}, 'utf8')],
  },
}
`,
    )
    here.write('secret', secret)
  }

  it(
    'lets curl, git and Node out by each way, adds the secret outside, and records each decision',
    { timeout: 240_000 },
    async () => {
      configure()
      const lines = [
        'set -eu',
        `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["127.0.0.1:${port}"]')`,
        'curl -sS "$base/v1/models" > endpoint.txt',
        `curl -sS https://127.0.0.2:${port}/curl > intercept.txt`,
        `node -e 'fetch("https://127.0.0.2:${port}/node").then((r) => r.text()).then((t) => require("fs").writeFileSync("node.txt", t))'`,
        `git clone -q https://127.0.0.2:${port}/bare.git cloned 2> git.err || { cat git.err; exit 8; }`,
        'cp cloned/page.txt git.txt; rm -rf cloned',
        `curl -sS https://127.0.0.3:${port}/tunnel > tunnel.txt`,
        `curl -s -o denied.txt -w '%{http_code}' "$base/v2" > status.txt || true`,
        `curl -s https://denied.example/ && exit 9 || true`,
        `curl -s --noproxy '*' https://127.0.0.3:${port}/ && exit 9 || true`,
        'env > environment.txt; cat /proc/*/environ > all.txt 2>/dev/null || true',
        // In gVisor it can not look at the socket.
        `ls -la /run/seamark >> environment.txt 2>&1 || true; cat /run/seamark/*.pem >> environment.txt`,
      ]
      here.write(
        'plan.yaml',
        `version: 1\ndefaults: { executor: ${ground.executor} }\nitems:\n  - id: out\n    run: |\n${lines.map((line) => `      ${line}`).join('\n')}\n`,
      )
      const ran = await here.seamark('run', 'plan.yaml', '--id', 'r', '--json', '--config', 'seamark.config.mjs')
      expect(ran, (await here.seamark('logs', 'r', 'out', '--stderr')).out).toMatchObject({ code: 0 })
      expect(seen).toEqual(
        expect.arrayContaining([
          { url: '/v1/models', authorization: `Bearer ${secret}` },
          { url: '/curl', authorization: undefined },
          { url: '/node', authorization: undefined },
          { url: '/tunnel', authorization: undefined },
        ]),
      )
      expect(seen.some(({ url }) => url.startsWith('/bare.git/'))).toBe(true)
      expect(seen.some(({ url }) => url === '/v2')).toBe(false)
      const all: readonly Recorded[] = ran.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ type }: { readonly type: string }) => type === 'record')
      const decided = all.filter(({ kind }) => kind === 'egress.decided')
      for (const wanted of [
        {
          outcome: 'allowed',
          mode: 'endpoint',
          host: '127.0.0.1',
          path: '/v1/models',
          method: 'GET',
          inject: 'api-key',
        },
        { outcome: 'allowed', mode: 'intercept', host: '127.0.0.2', path: '/curl' },
        { outcome: 'allowed', mode: 'intercept', host: '127.0.0.2', path: '/node' },
        { outcome: 'allowed', mode: 'tunnel', host: '127.0.0.3' },
        { outcome: 'refused', reason: 'path', code: 'FORBIDDEN', host: '127.0.0.1', path: '/v2' },
        { outcome: 'refused', reason: 'not-listed', code: 'FORBIDDEN', host: 'denied.example' },
      ])
        expect(decided).toContainEqual(
          expect.objectContaining({ item: 'out', attempt: 1, data: expect.objectContaining(wanted) }),
        )
      // Each is a record before the attempt's end is one.
      const end = all.findIndex(({ kind }) => kind === 'attempt.ended' || kind === 'item.captured')
      expect(all.findLastIndex(({ kind }) => kind === 'egress.decided')).toBeLessThan(end)
      expect(JSON.stringify(all)).not.toContain(secret)
      // Nowhere in what the attempt saw, wrote and left.
      expect(filesWithText(here.data, secret)).toEqual([])
    },
  )

  it('leads out again after the service was killed while an attempt runs', { timeout: 120_000 }, async () => {
    configure()
    here.write(
      'long.yaml',
      `version: 1\ndefaults: { executor: ${ground.executor} }\nitems:\n  - id: long\n    run: |\n      until curl -sf https://127.0.0.3:${port}/first; do sleep 0.1; done\n      until curl -sf https://127.0.0.3:${port}/go; do sleep 0.1; done\n      curl -sS https://127.0.0.2:${port}/last\n`,
    )
    const first = begin(here.dir, [...NODE, 'serve', '--config', 'seamark.config.mjs'])
    await first.saw('socket')
    expect(await here.seamark('submit', 'long.yaml', '--id', 'long', '--config', 'seamark.config.mjs')).toMatchObject({
      code: 0,
    })
    await until(() => seen.some(({ url }) => url === '/first'), 60_000)
    first.child.kill('SIGKILL')
    await first.ended
    const second = begin(here.dir, [...NODE, 'serve', '--config', 'seamark.config.mjs'])
    await second.saw('socket')
    // Only now: what the first service let out proves nothing.
    expect(seen.some(({ url }) => url === '/last')).toBe(false)
    going = true
    await until(() => seen.some(({ url }) => url === '/last'), 60_000)
    second.child.kill('SIGTERM')
    await second.ended
  })

  it('refuses what it can not hold at submit, with its place', async () => {
    configure()
    const refused = async (item: string) => {
      here.write('bad.yaml', `version: 1\ndefaults: { executor: ${ground.executor} }\nitems:\n  - ${item}\n`)
      const { code, out, err } = await here.seamark('run', 'bad.yaml', '--json', '--config', 'seamark.config.mjs')
      return [code, `${out}${err}`] as const
    }
    const [code, text] = await refused('{ id: a, run: "true", executor: process }')
    expect(code).toBe(7)
    expect(text).toContain('/items/0')
    const [other, told] = await refused(
      `{ id: a, run: "true", network: { allow: [{ host: "127.0.0.2", port: ${port}, mode: intercept, inject: nokey, paths: ["/*"] }] } }`,
    )
    expect(other).not.toBe(0)
    expect(told).toContain('/items/0/network/allow/0')
  })
}
