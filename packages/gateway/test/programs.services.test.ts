import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer, request as requestPlain } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveGit } from '@seamark/testing-services'
import { createAuthority } from '../src/authority.ts'
import { call } from './support/client.ts'
import { codeOf } from './support/raw.ts'
import { relayTo } from './support/relay.ts'
import { setting, type Setting } from './support/setting.ts'

const run = promisify(execFile)

let here: Setting
let relay: Awaited<ReturnType<typeof relayTo>>
let env: Readonly<Record<string, string>>
let host: string

/** Every program gets what a program inside gets: a proxy and a file of certificates. */
async function inside(rules: Parameters<Setting['open']>[0]): Promise<void> {
  const { socketPath, ca = '' } = await here.open(rules)
  relay = await relayTo(socketPath)
  const file = join(here.folder, 'ca.pem')
  await writeFile(file, ca)
  env = {
    PATH: process.env['PATH'] ?? '',
    HOME: here.folder,
    https_proxy: relay.url,
    SSL_CERT_FILE: file,
    CURL_CA_BUNDLE: file,
    GIT_SSL_CAINFO: file,
    NODE_EXTRA_CA_CERTS: file,
  }
  host = `api.example:${here.port}`
}

afterEach(async () => {
  await here.close()
  await relay.close()
})

describe('curl', () => {
  beforeEach(async () => {
    here = await setting((req, res, body) => res.end(`${req.method} ${req.url} ${body}`))
  })

  it('reads and writes through an intercepted connection, and sees why it may not', async () => {
    await inside([{ host: 'api.example', mode: 'intercept', paths: ['/v1/*'] }])
    const curl = async (...args: readonly string[]): Promise<string> =>
      (await run('curl', ['-sS', '--max-time', '20', ...args], { env, maxBuffer: 10_000_000 })).stdout
    expect(await curl(`https://${host}/v1/a?b=c`)).toBe('GET /v1/a?b=c ')
    // Large enough for curl to ask first whether it may send.
    const large = join(here.folder, 'large')
    await writeFile(large, 'x'.repeat(1_500_000))
    const sent = await curl('-d', `@${large}`, '--expect100-timeout', '15', `https://${host}/v1/b`)
    expect(sent).toHaveLength('POST /v1/b '.length + 1_500_000)
    expect(codeOf(await curl(`https://${host}/v2`))).toBe('FORBIDDEN')
    expect(await curl('--http2', `https://${host}/v1/c`)).toBe('GET /v1/c ')
  }, 60_000)

  it('goes to base URLs, and not with HTTP/2 or WebSocket', async () => {
    await inside([{ host: 'api.example', mode: 'endpoint' }])
    const base = `${relay.url}/to/${host}`
    const curl = async (...args: readonly string[]): Promise<string> =>
      (await run('curl', ['-sS', '--max-time', '20', ...args], { env, maxBuffer: 10_000_000 })).stdout
    expect(await curl(`${base}/x`)).toBe('GET /x ')
    expect(codeOf(await curl('--http2', `${base}/x`))).toBe('UNSUPPORTED')
    const upgrade = ['-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket', '-H', 'Sec-WebSocket-Version: 13']
    expect(codeOf(await curl(...upgrade, `${base}/x`))).toBe('UNSUPPORTED')
    await expect(curl('--http2-prior-knowledge', `${base}/x`)).rejects.toThrow()
    expect(here.requests).toHaveLength(1)
    expect(here.decisions.map(({ reason }) => reason)).toEqual(['listed', 'upgrade', 'upgrade', 'http2'])
  })

  it('tunnels', async () => {
    await inside([{ host: 'api.example', mode: 'tunnel' }])
    const file = join(here.folder, 'server.pem')
    await writeFile(file, here.certificate.ca)
    const { stdout } = await run('curl', ['-sS', '--cacert', file, `https://${host}/y`], { env })
    expect(stdout).toBe('GET /y ')
    await expect(run('curl', ['-sSk', 'https://other.example/'], { env })).rejects.toMatchObject({ code: 56 })
  })
})

it("python's http.client goes through", async () => {
  here = await setting((_, res) => res.end('hello'))
  await inside([{ host: 'api.example', mode: 'intercept' }])
  const program = `
import http.client, ssl, os, urllib.parse
proxy = urllib.parse.urlparse(os.environ['https_proxy'])
c = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=ssl.create_default_context())
c.set_tunnel('api.example', ${here.port})
for body in (None, iter([b'a', b'b'])):
    c.request('POST' if body else 'GET', '/p', body, encode_chunked=bool(body), headers={'Transfer-Encoding': 'chunked'} if body else {})
    r = c.getresponse()
    print(r.status, r.read().decode())
`
  const { stdout } = await run('python3', ['-c', program], { env })
  expect(stdout).toBe('200 hello\n200 hello\n')
  expect(here.requests.map(({ body }) => body)).toEqual(['', 'ab'])
})

it('git clones and may not push', async () => {
  here = await setting({ raw: (req, res) => serveGit(join(here.folder, 'served'), req, res) })
  const work = join(here.folder, 'work')
  const git = (...args: readonly string[]) =>
    run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { env: { ...env, GIT_TERMINAL_PROMPT: '0' } })
  await inside([
    { host: 'api.example', mode: 'intercept', methods: ['GET'], paths: ['/r.git/info/refs'] },
    { host: 'api.example', mode: 'intercept', methods: ['POST'], paths: ['/r.git/git-upload-pack'] },
  ])
  await git('init', '-q', work)
  await writeFile(join(work, 'a'), Buffer.alloc(3_000_000, 'random?'))
  await git('-C', work, 'add', 'a')
  await git('-C', work, 'commit', '-qm', 'a')
  await git('clone', '-q', '--bare', work, join(here.folder, 'served', 'r.git'))
  await git('-C', join(here.folder, 'served', 'r.git'), 'config', 'http.receivepack', 'true')
  const clone = join(here.folder, 'clone')
  await git('clone', '-q', `https://${host}/r.git`, clone)
  await git('-C', clone, 'fsck', '--strict')
  await git('-C', clone, 'commit', '-q', '--allow-empty', '-m', 'b')
  await expect(git('-C', clone, 'push', '-q', 'origin', 'HEAD:refs/heads/x')).rejects.toThrow()
  expect(here.decisions.filter(({ outcome }) => outcome === 'refused')).toMatchObject([
    { reason: 'path', path: '/r.git/git-receive-pack' },
  ])
}, 60_000)

it("an authority's constraints hold in OpenSSL: names, subdomains as RFC 5280 has them, addresses", async () => {
  here = await setting()
  await inside([{ host: 'api.example', mode: 'intercept' }])
  const hosts = ['api.example', '10.1.2.3', '2001:db8::1']
  // The same keys sign for any host when they are asked to: what stops others is the authority's certificate.
  const authority = await createAuthority(['api.example'], Date.now())
  const both = await createAuthority(hosts, Date.now())
  const verify = async (made: typeof authority, name: string): Promise<string> => {
    const { certificateOf } = made
    await writeFile(join(here.folder, 'ca.crt'), made.pem)
    await writeFile(join(here.folder, 'leaf.crt'), await certificateOf(name))
    return run('openssl', [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      join(here.folder, 'ca.crt'),
      join(here.folder, 'leaf.crt'),
    ])
      .then(() => 'ok')
      .catch((error: unknown) => (String(error).includes('subtree violation') ? 'constrained' : String(error)))
  }
  expect(await verify(authority, 'api.example')).toBe('ok')
  expect(await verify(authority, 'sub.api.example')).toBe('ok')
  for (const name of ['other.example', 'example', '10.1.2.3', '2001:db8::1', '0.0.0.0'])
    expect([name, await verify(authority, name)]).toEqual([name, 'constrained'])
  for (const name of hosts) expect([name, await verify(both, name)]).toEqual([name, 'ok'])
  for (const name of ['10.1.2.4', '2001:db8::2', 'b.example'])
    expect([name, await verify(both, name)]).toEqual([name, 'constrained'])
  const addresses = await createAuthority(['10.1.2.3'], Date.now())
  expect(await verify(addresses, 'api.example')).toBe('constrained')
})

it('leaves through the proxy of the deployment, which sees addresses only', async () => {
  const seen: string[] = []
  const proxy = createServer().on('connect', (req, near) => {
    seen.push(req.url ?? '')
    const [address = '', port = ''] = (req.url ?? '').split(':')
    const far = connect(Number(port), address, () => near.write('HTTP/1.1 200 OK\r\n\r\n'))
    for (const side of [near, far]) side.on('error', () => [near, far].forEach((each) => each.destroy()))
    near.pipe(far).pipe(near)
  })
  proxy.listen(0, '127.0.0.1')
  await new Promise((resolve) => proxy.once('listening', resolve))
  const { port } = proxy.address() as AddressInfo
  here = await setting((_, res) => res.end('ok'), { proxy: { host: '127.0.0.1', port } })
  await inside([
    { host: 'api.example', mode: 'endpoint' },
    { host: 'other.example', mode: 'tunnel' },
  ])
  const url = new URL(`${relay.url}/to/${host}/x`)
  const status = await new Promise((resolve) =>
    requestPlain(url, (answer) => resolve(answer.resume().statusCode)).end(),
  )
  expect(status).toBe(200)
  await run('curl', ['-sSk', `https://other.example:${here.port}/`], { env })
  expect(seen).toEqual(Array(2).fill(`127.0.0.1:${here.port}`))
  proxy.closeAllConnections()
  proxy.close()
  const after = await here.open([{ host: 'other.example', mode: 'endpoint' }])
  expect(await call(after.socketPath, `/to/other.example:${here.port}/`)).toMatchObject({ status: 503 })
})
