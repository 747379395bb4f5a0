import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ground } from './grounds.ts'
import { filesWithText } from './look-inside.ts'
import { HOST, registry, type Published, type Registry } from './registry.ts'
import { begin, NODE, place, type Ended, type Place } from './seamark.ts'

interface Recorded {
  readonly kind: string
  readonly item?: string
  readonly attempt?: number
  readonly data: Readonly<Record<string, unknown>>
}

function records({ out }: Ended): readonly Recorded[] {
  const lines = out.trim().split('\n')
  return lines.map((line) => JSON.parse(line)).filter(({ type }: { readonly type: string }) => type === 'record')
}

/** Installs, and leaves in the layer what a program sees there: its environment, those of all processes, its home. */
const install = (more = ''): string =>
  [
    `npm ci --no-audit --no-fund --no-update-notifier --fetch-retries=0 ${more}`,
    'env > node_modules/seen.txt',
    'cat /proc/*/environ /proc/*/cmdline >> node_modules/seen.txt 2>/dev/null || true',
    'cp -r "$HOME" node_modules/home',
    'cp /run/seamark/*.pem node_modules/',
  ].join(' && ')

const use = [
  'set -eu',
  `node -e 'if (require("@acme/sauce") !== "hot") process.exit(7)'`,
  '! test -e /run/seamark',
  'test -z "${HTTPS_PROXY-}"',
  `! node -e 'require("net").connect(${0}, "127.0.0.2").on("error", () => process.exit(1))'`,
]

/** Tests of set-ups that have a way out of their own, on a real service, in attempts on one executor. */
export function testsOfSetUps(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  const undo: (() => unknown)[] = [() => here.remove()]
  let ground: Ground
  let npm: Registry
  let published: readonly Published[]

  beforeAll(async () => {
    ground = await open(here)
    undo.push(ground.stop)
    npm = await registry(join(here.dir, 'registry'))
    undo.push(npm.stop)
    published = [
      await npm.publish('@acme/sauce', 'module.exports = "hot"\n'),
      await npm.publish('plain', `module.exports = "${'plain '.repeat(100)}"\n`),
    ]
    const resolved = ({ path }: Published) => `https://${HOST}:${npm.port}${path}`
    const dependencies = Object.fromEntries(published.map(({ name }) => [name, '1.0.0']))
    here.repository('repo', {
      'package.json': JSON.stringify({ name: 'work', version: '1.0.0', dependencies }),
      'package-lock.json': JSON.stringify({
        name: 'work',
        version: '1.0.0',
        lockfileVersion: 3,
        requires: true,
        packages: {
          '': { name: 'work', version: '1.0.0', dependencies },
          ...Object.fromEntries(
            published.map((one) => [
              `node_modules/${one.name}`,
              { version: '1.0.0', resolved: resolved(one), integrity: one.integrity },
            ]),
          ),
        },
      }),
      '.npmrc': `registry=https://${HOST}:${npm.port}/\n`,
    })
    here.write('secret', npm.token)
    configure(`[{ host: '${HOST}', port: ${npm.port}, mode: 'intercept', methods: ['GET'], paths: ['/*'], inject: 'npm-token' }]`) // prettier-ignore
  }, 120_000)

  afterAll(async () => {
    for (const each of undo.toReversed()) await each()
  }, 60_000)

  function configure(rules: string): void {
    writeFileSync(
      join(here.dir, 'seamark.config.mjs'),
      `import { readFileSync } from 'node:fs'
export default {
  ${ground.line}
  setup: { policy: { network: { allow: ${rules} } } },
  secrets: {
    spec: 'secrets/v1', kind: 'test', name: 'test', guarantees: {},
    resolve: async (ref) => ({ ref, value: Buffer.from(readFileSync(${JSON.stringify(join(here.dir, 'secret'))}, 'utf8')) }),
    describe: async (ref) => ({ ref }),
  },
  egress: {
    credentials: { 'npm-token': { way: 'bearer' } },
    packages: { registries: [{ host: '${HOST}', port: ${npm.port}, kind: 'npm' }] },
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${JSON.stringify(npm.ca)}, 'utf8')],
  },
}
`,
    )
  }

  function plan(name: string, line: string): string {
    const item = use.join('\n').replace('connect(0,', `connect(${npm.port},`)
    const setup = { run: line, key: ['package.json', 'package-lock.json', '.npmrc'], paths: ['node_modules'] }
    const written = {
      version: 1,
      workspace: { git: 'repo', setup },
      defaults: { executor: ground.executor },
      items: [{ id: 'use', run: item }],
    }
    return here.write(name, JSON.stringify(written))
  }

  /** A command where the name of the registry leads to loopback: in a mount namespace of its own, which takes root. */
  function seamark(...argv: readonly string[]): Promise<Ended> {
    const inside = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', npm.hosts]
    return begin(here.dir, ['unshare', '--mount', ...inside, ...NODE, ...argv, '--config', 'seamark.config.mjs']).ended
  }

  const run = (file: string, id: string): Promise<Ended> => seamark('run', file, '--id', id, '--json')

  /** What a failed set-up wrote. */
  async function why(id: string): Promise<string> {
    const { out } = await seamark('logs', id, 'use', '--setup', '--stderr')
    return `failed: ${out}`
  }

  it(
    'npm installs a private package in a sandbox that has no token, and its item has no network (needs root)',
    { timeout: 180_000 },
    async () => {
      const ran = await run(plan('plan.json', install()), 'first')
      expect(ran.code === 0 ? '' : await why('first')).toBe('')
      const asked = npm.seen.map(({ url }) => url)
      for (const { path } of published) expect(asked).toContain(path)
      // The registry tells nobody anything without it.
      expect(npm.seen.every(({ authorization }) => authorization === `Bearer ${npm.token}`)).toBe(true)

      const all = records(ran)
      const launched = all.findIndex(({ kind }) => kind === 'layer.launched')
      const ended = all.findIndex(({ kind }) => kind === 'layer.ended')
      const { attempt, data } = all[launched] ?? {}
      expect(data?.['policy']).toMatch(/^[0-9a-f]{64}$/)
      const decided = all.filter(({ kind }) => kind === 'egress.decided')
      for (const { path } of published)
        expect(decided.map((one) => one.data)).toContainEqual(
          expect.objectContaining({
            outcome: 'allowed',
            mode: 'intercept',
            host: HOST,
            path,
            inject: 'npm-token',
          }),
        )
      // Each is a record of the set-up, between its launch and its end, and of no item.
      for (const one of decided) {
        expect(one).toMatchObject({ attempt })
        expect(one).not.toHaveProperty('item')
        expect(all.indexOf(one)).toBeGreaterThan(launched)
        expect(all.indexOf(one)).toBeLessThan(ended)
      }

      // What was seen inside is in the layer: with everything else that is kept, it has no token in it.
      expect(filesWithText(here.data, 'NODE_EXTRA_CA_CERTS').length).toBeGreaterThan(0)
      for (const text of [npm.token, Buffer.from(npm.token).toString('base64').slice(2, -4)])
        expect(filesWithText(here.data, text)).toEqual([])
      expect(ran.out + ran.err).not.toContain(npm.token)

      await seamark('keys', 'export', '-o', 'trust.json')
      await seamark('evidence', 'export', 'first', '-o', 'first.tar')
      const verified = await here.seamark('verify', 'first.tar', '--trust', 'trust.json', '--json')
      expect(JSON.parse(verified.out)).toMatchObject({
        verdict: 'verified',
        run: { run: 'first', status: 'succeeded' },
      })
    },
  )

  it(
    'another set-up gets the same files from the host while the registry is away (needs root)',
    { timeout: 180_000 },
    async () => {
      await npm.stop()
      const ran = await run(plan('again.json', install('--ignore-scripts')), 'second')
      expect(ran.code === 0 ? '' : await why('second')).toBe('')
      const decided = records(ran).filter(({ kind }) => kind === 'egress.decided')
      expect(decided.map(({ data }) => `${String(data['reason'])} ${String(data['path'])}`).sort()).toEqual(
        published.map(({ path }) => `cached ${path}`).sort(),
      )
      expect(filesWithText(here.data, npm.token)).toEqual([])
    },
  )

  it('a set-up whose plan asks for more is refused, with its place (needs root)', async () => {
    const setup = {
      run: 'true',
      key: [],
      paths: ['x'],
      policy: { network: { allow: [{ host: 'other.example', mode: 'tunnel' }] } },
    }
    here.write(
      'more.json',
      JSON.stringify({
        version: 1,
        workspace: { git: 'repo', setup },
        defaults: { executor: ground.executor },
        items: [{ id: 'a', run: 'true' }],
      }),
    )
    const { code, out, err } = await run('more.json', 'more')
    expect(code).toBe(3)
    expect(out + err).toContain('/workspace/setup/policy/network/allow/0/host')
  })
}
