import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenOn } from './loopback.ts'
import { certificates } from './registry.ts'
import { begin, NODE, place } from './seamark.ts'
import { planRunner } from './written-plan.ts'

const here = place()
const served = join(here.dir, 'served')
const local = join(here.dir, 'local')
const registries = ['registry.npmjs.org', 'registry.yarnpkg.com']
mkdirSync(join(served, 'package'), { recursive: true })
certificates(served, registries)
writeFileSync(join(served, 'hosts'), `127.0.0.1 localhost\n127.0.0.44 ${registries.join(' ')}\n`)
writeFileSync(join(served, 'package', 'package.json'), '{ "name": "sauce", "version": "1.0.0", "main": "index.js" }\n')
writeFileSync(join(served, 'package', 'index.js'), 'module.exports = "hot"\n')
execFileSync('tar', ['-czf', 'sauce.tgz', 'package'], { cwd: served })
const tarball = readFileSync(join(served, 'sauce.tgz'))
const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
const at = (host: string) => `https://${host}/sauce/-/sauce-1.0.0.tgz`
const seen: string[] = []
const registry = createServer(
  { key: readFileSync(join(served, 'host.key')), cert: readFileSync(join(served, 'host.pem')) },
  ({ url = '/', headers: { host = '' } }, res) => {
    seen.push(url)
    if (url.endsWith('.tgz')) return void res.writeHead(200).end(tarball)
    if (!url.startsWith('/sauce')) return void res.writeHead(404).end()
    const dist = { tarball: at(host), integrity, shasum: createHash('sha1').update(tarball).digest('hex') }
    const version = { name: 'sauce', version: '1.0.0', main: 'index.js', dist }
    const about = { name: 'sauce', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(about))
  },
)

/** Programs that Debian has not, from the registry of npm. */
const programs = ['bun@1.4.5', 'pnpm@10.34.9', 'yarn@1.22.22']
const managers: readonly {
  readonly program: string
  readonly test: string
  readonly files: Readonly<Record<string, string>>
}[] = [
  {
    program: 'bun',
    test: 'bun run test',
    files: {
      'bun.lock': JSON.stringify({
        lockfileVersion: 1,
        workspaces: { '': { name: 'herbs', dependencies: { sauce: '1.0.0' } } },
        packages: { sauce: ['sauce@1.0.0', '', {}, integrity] },
      }),
    },
  },
  {
    program: 'pnpm',
    test: 'pnpm test',
    files: {
      'pnpm-lock.yaml': `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      sauce: { specifier: 1.0.0, version: 1.0.0 }
packages:
  sauce@1.0.0:
    resolution: { integrity: ${integrity} }
snapshots:
  sauce@1.0.0: {}
`,
    },
  },
  {
    program: 'yarn',
    test: 'yarn test',
    files: {
      'yarn.lock': `# yarn lockfile v1\n\n\nsauce@1.0.0:\n  version "1.0.0"\n  resolved "${at('registry.yarnpkg.com')}"\n  integrity ${integrity}\n`,
    },
  },
]

beforeAll(async () => {
  execFileSync('npm', ['install', '--global', '--prefix', local, '--no-audit', '--no-fund', ...programs], {
    stdio: 'pipe',
  })
  await listenOn(registry, ['127.0.0.44'], 443)
}, 300_000)

afterAll(async () => {
  registry.closeAllConnections()
  await new Promise((done) => registry.close(done))
  here.remove()
})

/** Where the registries lead to loopback and /usr/local has the programs: in a mount namespace of its own, which takes root. */
function seamark(dir: string, ...argv: readonly string[]) {
  const mounts = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /usr/local && shift && exec "$@"'
  const inside = ['sh', '-c', mounts, join(served, 'hosts'), local]
  const path = '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return begin(dir, ['unshare', '--mount', ...inside, ...NODE, ...argv], { PATH: path }).ended
}

describe.each(managers)('in a repository of $program, init (needs root)', ({ program, test, files }) => {
  it('writes a plan that installs what its lock file names, and runs the tests', { timeout: 300_000 }, async () => {
    const manifest = (taste: string) =>
      JSON.stringify({
        name: 'herbs',
        version: '1.0.0',
        scripts: { test: `node -e "process.exit(require('sauce') === '${taste}' ? 0 : 1)"` },
        dependencies: { sauce: '1.0.0' },
      })
    const dir = here.repository(program, { ...files, 'package.json': manifest('hot') })
    const found = await seamark(dir, 'init', '--json')
    expect(JSON.parse(found.out)).toMatchObject({
      created: expect.arrayContaining(['seamark.yaml', 'seamark.config.mjs']),
      projects: [{ program, test, setup: { paths: ['node_modules'] } }],
    })
    const run = planRunner(dir, join(served, 'ca.pem'), seamark)
    seen.length = 0
    expect(await run('first')).toMatchObject({ code: 0, status: ['succeeded', 'succeeded'] })
    expect(seen).toContain('/sauce/-/sauce-1.0.0.tgz')
    writeFileSync(join(dir, 'package.json'), manifest('mild'))
    const commit = ['-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '--quiet', '--all', '--message', 'mild']
    execFileSync('git', commit, { cwd: dir })
    expect(await run('second')).toMatchObject({ code: 11, status: ['failed', 'failed'] })
  })
})
