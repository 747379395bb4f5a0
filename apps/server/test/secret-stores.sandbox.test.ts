import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listenOn } from './loopback.ts'
import { filesWithText } from './look-inside.ts'
import { begin, NODE, place } from './seamark.ts'

const here = place()
const local = new URL('../../../packages/secrets-local/src/index.ts', import.meta.url).href
const values = { environment: 'sk-environment-Zq80123456789', command: 'sk-command-Zq80123456789' }
let server: Server
let port: number
const seen: (string | undefined)[] = []

const stores = {
  environment: `environmentSecrets({ environment: process.env, variables: { 'api-key': 'SEAMARK_TEST_KEY', away: 'SEAMARK_TEST_AWAY' } })`,
  // The script is outside of the data folder, as a password manager is.
  command: `commandSecrets({ commands: { 'api-key': ['${here.dir}/print.sh'], away: ['${here.dir}/away.sh'] }, absentExitCode: 44 })`,
} as const

beforeAll(async () => {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: here.dir, stdio: 'pipe' })
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of a test') // prettier-ignore
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=host') // prettier-ignore
  here.write('ext', 'subjectAltName=IP:127.0.0.1\n')
  openssl('x509', '-req', '-in', 'host.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', 'host.pem') // prettier-ignore
  const options = { key: readFileSync(join(here.dir, 'host.key')), cert: readFileSync(join(here.dir, 'host.pem')) }
  server = createServer(options, (req, res) => {
    seen.push(req.headers.authorization)
    res.end('ok\n')
  })
  port = await listenOn(server, ['127.0.0.1'])
  here.write('print.sh', `#!/bin/sh\necho ${values.command}\n`)
  here.write('away.sh', '#!/bin/sh\nexit 44\n')
  for (const name of ['print.sh', 'away.sh']) chmodSync(join(here.dir, name), 0o755)
  here.write(
    'plan.yaml',
    `version: 1
items:
  - id: asks
    run: |
      base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["127.0.0.1:${port}"]')
      curl -sS "$base/v1/models" > answer.txt
      env > environment.txt
    network: { allow: [{ host: 127.0.0.1, port: ${port}, mode: endpoint, methods: [GET], paths: [/v1/*], inject: api-key }] }
`,
  )
  for (const [name, store] of Object.entries(stores))
    here.write(
      `${name}.config.mjs`,
      `import { readFileSync } from 'node:fs'
const { environmentSecrets, commandSecrets } = await import(${JSON.stringify(local)})
export default {
  dataDir: ${JSON.stringify(join(here.dir, name))},
  policy: { network: { allow: [{ host: '127.0.0.1', port: ${port}, mode: 'endpoint', methods: ['GET'], paths: ['/v1/*'], inject: 'api-key' }] } },
  secrets: ${store},
  egress: {
    credentials: { 'api-key': { way: 'bearer' } },
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${JSON.stringify(join(here.dir, 'ca.pem'))}, 'utf8')],
  },
}
`,
    )
  here.write(
    'short.config.mjs',
    `const { environmentSecrets } = await import(${JSON.stringify(local)})
export default { secrets: environmentSecrets({ environment: { S: 'zq8x7w' }, variables: { short: 'S' } }) }
`,
  )
  here.write(
    'mute.config.mjs',
    `export default { secrets: {
  spec: 'secrets/v1', kind: 'vault', name: 'mute', guarantees: {},
  resolve: async (ref) => ({ ref, value: Buffer.from('sk-mute-0123456789') }), describe: async (ref) => ({ ref }),
} }
`,
  )
})

beforeEach(() => void seen.splice(0))

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  here.remove()
})

/** A command with the configuration of a store, and with the variable of the environment's. */
const seamark = (store: string, ...argv: readonly string[]) =>
  begin(here.dir, [...NODE, ...argv, '--config', `${store}.config.mjs`], { SEAMARK_TEST_KEY: values.environment }).ended

describe.each(['environment', 'command'] as const)('the store %s', { timeout: 120_000 }, (store) => {
  it('gives a run its credential, outside of the sandbox', async () => {
    expect(await seamark(store, 'run', 'plan.yaml', '--id', 'r')).toMatchObject({ code: 0 })
    expect(seen).toEqual([`Bearer ${values[store]}`])
    expect(filesWithText(join(here.dir, store), values[store])).toEqual([])
  })

  it('is listed by names and tested, without a value', async () => {
    const list = await seamark(store, 'secrets', 'list', '--json')
    expect(JSON.parse(list.out)).toEqual({ secrets: [{ ref: 'api-key' }, { ref: 'away' }] })
    const shown = await seamark(store, 'secrets', 'list')
    expect(shown.out).toBe(`api-key  ${store}\naway     ${store}\n`)
    const test = await seamark(store, 'secrets', 'test', 'api-key', '--json')
    expect(JSON.parse(test.out)).toEqual({ ref: 'api-key', resolved: true })
    const failing = [await seamark(store, 'secrets', 'test', 'away'), await seamark(store, 'secrets', 'test', 'none')]
    expect(failing.map(({ code }) => code)).toEqual([4, 4])
    for (const { out, err } of [list, shown, test, ...failing]) expect(out + err).not.toContain(values[store])
  })

  it('is not written, and nothing is kept in the data folder in its place', async () => {
    for (const argv of [
      ['set', 'api-key'],
      ['rm', 'api-key'],
    ]) {
      const { code, err } = await seamark(store, 'secrets', ...argv)
      expect([code, err.includes(`The store ${store}`)]).toEqual([7, true])
    }
    expect(readdirSync(join(here.dir, store))).not.toContain('secrets')
  })
})

it('says what a store can not do, and refuses a value that a service would refuse', { timeout: 60_000 }, async () => {
  expect(await seamark('mute', 'secrets', 'list')).toMatchObject({ code: 7 })
  expect(await seamark('mute', 'secrets', 'test', 'any')).toMatchObject({ code: 0 })
  const short = await seamark('short', 'secrets', 'test', 'short')
  expect(short.code).toBe(2)
  expect(short.out + short.err).not.toContain('zq8x7w')
})
