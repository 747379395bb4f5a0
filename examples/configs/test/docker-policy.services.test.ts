import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onDocker, type Ground } from '../../../apps/server/test/grounds.ts'
import { listenOn } from '../../../apps/server/test/loopback.ts'
import { begin, NODE, place } from '../../../apps/server/test/seamark.ts'

const here = place()
const secret = 'sk-docker-Zq80123456789abcdef'
const seen: { url: string; authorization: string | undefined }[] = []
let ground: Ground
let server: Server
let port = 0

beforeAll(async () => {
  ground = await onDocker(here)
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: here.dir, stdio: 'pipe' })
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  openssl(`req -x509 ${key} -days 2 -keyout ca.key -out ca.pem -subj /CN=authority`)
  openssl(`req ${key} -keyout host.key -out host.csr -subj /CN=host`)
  here.write('ext', 'subjectAltName=IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3\n')
  openssl('x509 -req -in host.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out host.pem')
  const read = (name: string) => readFileSync(join(here.dir, name), 'utf8')
  server = createServer({ key: read('host.key'), cert: read('host.pem') }, ({ url = '', headers }, answer) => {
    seen.push({ url, authorization: headers.authorization })
    answer.end(`page ${url}\n`)
  })
  port = await listenOn(server, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
  here.write('seamark.config.mjs', configuration())
}, 180_000)
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  await ground.stop()
  here.remove()
}, 60_000)

/** Docker alone, with a data folder that it may give to attempts, and three hosts, one of which takes the secret. */
function configuration(): string {
  const allow = [
    { host: '127.0.0.1', port, mode: 'endpoint', methods: ['GET'], paths: ['/v1/*'], inject: 'api-key' },
    { host: '127.0.0.2', port, mode: 'intercept' },
    { host: '127.0.0.3', port, mode: 'tunnel' },
  ]
  return `export default {
  ${ground.line}
  policy: { network: { allow: ${JSON.stringify(allow)} } },
  secrets: {
    spec: 'secrets/v1', kind: 'test', name: 'test', guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(${JSON.stringify(secret)}) }),
    describe: async (ref) => ({ ref }),
  },
  egress: {
    credentials: { 'api-key': { way: 'bearer' } },
    privateRanges: ['127.0.0.0/8'],
    extraCas: [${JSON.stringify(readFileSync(join(here.dir, 'ca.pem'), 'utf8'))}],
  },
}
`
}

interface Told {
  readonly type: string
  readonly kind: string
  readonly item?: string
  readonly data: Readonly<Record<string, unknown>>
}

const seamark = (...argv: string[]) =>
  begin(here.dir, [...NODE, ...argv, '--config', 'seamark.config.mjs', '--data', here.data]).ended

async function play(name: string, plan: string): Promise<readonly Told[]> {
  const { code, out, err } = await seamark('run', here.write(`${name}.yaml`, plan), '--id', name, '--json')
  if (code !== 0) throw new Error(`${code}: ${out.slice(-4000)}${err.slice(-4000)}${(await seamark('logs', name)).out}`)
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ type }: Told) => type === 'record')
}

const block = (lines: readonly string[]) => lines.map((line) => `      ${line}\n`).join('')

describe('an item on Docker, whose service is root', { timeout: 120_000 }, () => {
  it('gets out by its policy alone, with no credential inside, and each decision is a record', async () => {
    const records = await play(
      'out',
      `version: 1\ndefaults: { executor: docker }\nitems:\n  - id: out\n    run: |\n${block([
        'set -eu',
        `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["127.0.0.1:${port}"]')`,
        'curl -sS "$base/v1/models" > endpoint.txt',
        `curl -sS https://127.0.0.2:${port}/curl > intercept.txt`,
        `node -e 'fetch("https://127.0.0.2:${port}/node").then((r) => r.text()).then((t) => require("fs").writeFileSync("node.txt", t))'`,
        `curl -sS https://127.0.0.3:${port}/tunnel > tunnel.txt`,
        'curl -s "$base/v2" > denied.txt || true',
        'curl -s https://denied.example/ && exit 9',
        `curl -s --noproxy '*' https://127.0.0.3:${port}/past && exit 9`,
        '(echo x > /run/seamark/x) 2> /dev/null && exit 9',
        'env > environment.txt; cat /proc/*/environ > all.txt 2> /dev/null || true; cat /run/seamark/*.pem > given.txt',
      ])}`,
    )
    for (const wanted of [
      { url: '/v1/models', authorization: `Bearer ${secret}` },
      { url: '/curl', authorization: undefined },
      { url: '/node', authorization: undefined },
      { url: '/tunnel', authorization: undefined },
    ])
      expect(seen).toContainEqual(wanted)
    expect(seen.map(({ url }) => url).filter((url) => ['/v2', '/past'].includes(url))).toEqual([])
    const decided = records.filter(({ kind, item }) => kind === 'egress.decided' && item === 'out')
    for (const wanted of [
      { outcome: 'allowed', mode: 'endpoint', host: '127.0.0.1', path: '/v1/models', inject: 'api-key' },
      { outcome: 'allowed', mode: 'intercept', host: '127.0.0.2', path: '/node' },
      { outcome: 'allowed', mode: 'tunnel', host: '127.0.0.3' },
      { outcome: 'refused', reason: 'path', host: '127.0.0.1', path: '/v2' },
      { outcome: 'refused', reason: 'not-listed', host: 'denied.example' },
    ])
      expect(decided.map(({ data }) => data)).toContainEqual(expect.objectContaining(wanted))
    // Nowhere in what the attempt saw, wrote and left, nor in the records.
    expect(JSON.stringify(records)).not.toContain(secret)
    expect(containing(here.data, secret)).toEqual([])
    // What it wrote can be found there.
    expect(containing(here.data, 'NODE_USE_ENV_PROXY=1').length).toBeGreaterThan(0)
  })

  it('writes only where its policy lets it, and does not see what is hidden', async () => {
    here.repository('base', { 'a.txt': 'one\n', '.env': 'TOKEN=x\n', 'notes.txt': 'n\n' })
    const ways = [
      'echo x > a.txt',
      'echo x > new.txt',
      'echo x > src/../a.txt',
      'ln -s ../a.txt src/l && echo x > src/l',
      'ln a.txt src/h && echo x > src/h',
      'echo x > src/n && mv src/n a.txt',
      'mv src other',
      'rm notes.txt',
      'echo x > /proc/self/cwd/a.txt',
      'mount -o remount,rw,bind /workspace && echo x > a.txt',
      'unshare -Urm sh -c "mount -o remount,rw,bind /workspace && echo x > a.txt"',
      'git -c user.name=a -c user.email=a@b commit --allow-empty -m x',
      'cat .env',
    ]
    const lines = ways.map((way, n) => `(${way}) > /dev/null 2>&1 && echo "way ${n}"`)
    await play(
      'kept',
      `version: 1\nworkspace: { git: ./base }\ndefaults: { executor: docker }\nitems:
  - id: kept
    filesystem: { hide: ["**/.env"], write: ["src/**", "notes.txt", "made/here.txt"] }
    run: |\n${block([
      'git status --porcelain',
      ...lines,
      'test "$(cat a.txt)" = one || exit 8',
      'rm -f src/*; echo 2 > src/x; echo 2 > notes.txt; echo 2 > made/here.txt; echo mine > .env',
      'true',
    ])}`,
    )
    expect((await seamark('logs', 'kept', 'kept')).out).not.toMatch(/way|env/)
    const { out } = await seamark('patch', 'kept', 'kept')
    const changed = [...out.matchAll(/^diff --git a\/(.*?) b\//gm)].map(([, path = '']) => path)
    expect(changed.toSorted()).toEqual(['made/here.txt', 'notes.txt', 'src/x'])
  })
})

/** Files below a folder with a text in them. */
function containing(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text))
}
