import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fileSecrets } from '@seamark/secrets-local'
import type { Ground } from './grounds.ts'
import { place, until, type Place } from './seamark.ts'

const secret = 'sk-revoked-Zq80123456789abcdef'

/** Tests of what comes of a secret that is removed, with a real service and gateway, in attempts on one executor. */
export function testsOfRevocation(open: (here: Place) => Promise<Ground>): void {
  const here = place()
  let ground: Ground
  let server: Server
  let port: number
  /** When requests came that had a credential, in epoch milliseconds. */
  const added: number[] = []
  /** When streams ended that have no end, in epoch milliseconds. */
  const closed: number[] = []

  beforeAll(async () => {
    ground = await open(here)
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: here.dir, stdio: 'pipe' })
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', 'key.pem', '-out', 'cert.pem', '-subj', '/CN=host', '-addext', 'subjectAltName=IP:127.0.0.1') // prettier-ignore
    const options = { key: readFileSync(join(here.dir, 'key.pem')), cert: readFileSync(join(here.dir, 'cert.pem')) }
    server = createServer(options, (req, res) => {
      if (req.headers.authorization === `Bearer ${secret}`) added.push(Date.now())
      if (req.url !== '/v1/stream') return void res.end('ok')
      res.write('begun\n')
      res.on('close', () => closed.push(Date.now()))
    })
    server.listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    port = (server.address() as AddressInfo).port
  }, 120_000)

  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await ground.stop()
    here.remove()
  }, 60_000)

  it(
    'a secret of the policy may be missing, is added once it is set, and to nothing after it is removed',
    { timeout: 120_000 },
    async () => {
      writeFileSync(
        join(here.dir, 'seamark.config.mjs'),
        `import { readFileSync } from 'node:fs'
export default {
  ${ground.line}
  policy: { network: { allow: [{ host: '127.0.0.1', port: ${port}, mode: 'endpoint', paths: ['/v1/*'], inject: 'key' }] } },
  egress: {
    credentials: { key: { way: 'bearer' } },
    privateRanges: ['127.0.0.0/8'],
    extraCas: [readFileSync(${JSON.stringify(join(here.dir, 'cert.pem'))}, 'utf8')],
  },
}
`,
      )
      const lines = [
        `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["127.0.0.1:${port}"]')`,
        `status() { curl -s -o answer.txt -w '%{http_code}' "$base/v1/x"; }`,
        'test "$(status)" = 503; grep -q UNAVAILABLE answer.txt; touch refused.txt',
        'until test "$(status)" = 200; do sleep 0.05; done',
        'while test "$(status)" = 200; do sleep 0.05; done',
        'grep UNAVAILABLE answer.txt',
      ]
      here.write(
        'plan.yaml',
        `version: 1\nitems:\n  - id: out\n    executor: ${ground.executor}\n    run: |\n      set -eu\n${lines.map((line) => `      ${line}\n`).join('')}`,
      )
      const running = here.start('run', 'plan.yaml', '--id', 'r', '--json', '--config', 'seamark.config.mjs')
      // The item runs, and was refused what it asked for.
      await running.saw('"reason":"secret"')
      expect(added).toEqual([])
      await fileSecrets({ dir: join(here.data, 'secrets') }).set('key', Buffer.from(secret))
      await until(() => added.length > 2, 60_000)
      expect(await here.seamark('secrets', 'rm', 'key', '--config', 'seamark.config.mjs')).toMatchObject({ code: 0 })
      const removed = Date.now()
      const { code, out, err } = await running.ended
      expect(code, err).toBe(0)
      expect(added.at(-1) ?? 0).toBeLessThan(removed + 1_000)
      expect(out).not.toContain(secret)
    },
  )

  it(
    'a stream that carries a secret ends once that is removed, and is told as that',
    { timeout: 120_000 },
    async () => {
      await fileSecrets({ dir: join(here.data, 'secrets') }).set('key', Buffer.from(secret))
      const lines = [
        `base=$(node -p 'JSON.parse(process.env.SEAMARK_ENDPOINTS)["127.0.0.1:${port}"]')`,
        'if curl -sN -o answer.txt "$base/v1/stream"; then exit 1; fi',
        'grep begun answer.txt',
      ]
      here.write(
        'stream.yaml',
        `version: 1\nitems:\n  - id: out\n    executor: ${ground.executor}\n    run: |\n${lines.map((line) => `      ${line}\n`).join('')}`,
      )
      const before = added.length
      const running = here.start('run', 'stream.yaml', '--id', 's', '--json', '--config', 'seamark.config.mjs')
      await until(() => added.length > before, 60_000)
      // Longer than a look takes: what is there goes on.
      await new Promise((done) => setTimeout(done, 1_500))
      expect(closed).toEqual([])
      expect(await here.seamark('secrets', 'rm', 'key', '--config', 'seamark.config.mjs')).toMatchObject({ code: 0 })
      const removed = Date.now()
      const { code, out, err } = await running.ended
      expect(code, err).toBe(0)
      expect(closed).toHaveLength(1)
      expect(closed[0]).toBeLessThan(removed + 1_000)
      expect(out).toContain('"reason":"secret"')
    },
  )
}
