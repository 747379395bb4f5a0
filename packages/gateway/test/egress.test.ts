import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AttemptFact } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { gatewayEgress, type GatewayEgress } from '@seamark/gateway'
import { certificateFor } from './support/certificates.ts'
import { call, callThrough } from './support/client.ts'
import { codeOf } from './support/raw.ts'

const secret = 'sk-process-0123456789abcdef'
let folder: string
let server: Server
let port: number
let egress: GatewayEgress
let facts: AttemptFact[]
let notices: Error[]
let seen: (string | undefined)[]
let note: (facts: readonly AttemptFact[]) => Promise<void>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gw-'))
  ;[facts, notices, seen] = [[], [], []]
  note = (group) => Promise.resolve(void facts.push(...group))
  // Named by its address, as the process resolves names by itself.
  const { cert, key, ca } = await certificateFor(['127.0.0.1'])
  server = createServer({ cert, key }, (req, res) => {
    seen.push(req.headers.authorization)
    res.end(`it is ${secret}`)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  port = (server.address() as AddressInfo).port
  egress = gatewayEgress({
    privateRanges: ['127.0.0.0/8'],
    extraCas: [ca],
    credentials: { key: { way: 'bearer' }, other: { way: 'bearer' } },
    resolve: () => Promise.resolve({ value: Buffer.from(secret) }),
    onNotice: (error) => notices.push(error),
  })
})

afterEach(async () => {
  await egress.close()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  await rm(folder, { recursive: true })
})

const spec = (name = 'a') => ({
  launchId: `sm${name}`,
  socketPath: join(folder, `${name}.sock`),
  rules: [{ host: '127.0.0.1', port, mode: 'endpoint', inject: 'key', paths: ['/v1/*'] }] as const,
  port: { note: (group: readonly AttemptFact[]) => note(group) },
})

/** The processes that this one started and that serve. */
async function children(): Promise<number[]> {
  const text = await readFile(`/proc/self/task/${process.pid}/children`, 'latin1')
  const pids = text.trim().split(' ').filter(Boolean).map(Number)
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')))
  return pids.filter((_, at) => lines[at]?.includes('gateway/src/program') === true)
}

const path = (): string => `/to/127.0.0.1:${port}/v1/x`

async function eventually<T>(look: () => Promise<T>, is: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look()
    if (is(found) || tries > 400) return found
    await new Promise((done) => setTimeout(done, 25))
  }
}

describe('the process', () => {
  it('serves without the rights of root, adds secrets that it asks for, and tells each decision first', async () => {
    const way = await egress.open(spec())
    expect(way.endpoints).toEqual([{ host: '127.0.0.1', port, path: `/to/127.0.0.1:${port}/` }])
    expect((await stat(join(folder, 'a.sock'))).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['a.sock'])
    const [pid = 0] = await children()
    const status = await readFile(`/proc/${pid}/status`, 'latin1')
    expect(/Uid:\s+(\d+)/.exec(status)?.[1]).toBe(process.getuid?.() === 0 ? '64199' : String(process.getuid?.()))
    expect(await readFile(`/proc/${pid}/cmdline`, 'latin1')).not.toContain(secret)
    expect(await call(join(folder, 'a.sock'), path())).toMatchObject({ status: 200, body: 'it is [redacted:key]' })
    expect(seen).toEqual([`Bearer ${secret}`])
    expect(facts).toEqual([
      {
        kind: 'egress.decided',
        data: expect.objectContaining({
          outcome: 'allowed',
          host: '127.0.0.1',
          path: '/v1/x',
          count: 1,
          inject: 'key',
        }),
      },
    ])
    await way.close()
    await way.close()
    expect(await readdir(folder)).toEqual([])
  })

  it('tells what a record allows ahead, and at the end how much of it went out', { timeout: 120_000 }, async () => {
    const way = await egress.open(spec())
    for (let n = 0; n < 105; n++) expect((await call(join(folder, 'a.sock'), path())).status).toBe(200)
    await way.close()
    const data = facts.flatMap((fact) => (fact.kind === 'egress.decided' ? [fact.data] : []))
    expect(data[100]).toMatchObject({ outcome: 'allowed', path: '/v1/x', count: 1, ahead: 100 })
    expect(data.at(-1)?.ahead).toBeUndefined()
    expect(data.reduce((sum, { count }) => sum + count, 0)).toBe(105)
  })

  it('sends nothing where a decision can not be recorded', async () => {
    note = () => Promise.reject(new SeamError('CONFLICT', 'The attempt is over.'))
    await egress.open(spec())
    const got = await call(join(folder, 'a.sock'), path())
    expect([got.status, codeOf(got.body)]).toEqual([503, 'UNAVAILABLE'])
    expect(seen).toEqual([])
  })

  it('opens a path of any length, and again where an earlier service left a socket', async () => {
    const { mkdir } = await import('node:fs/promises')
    const deep = join(folder, 'd'.repeat(200))
    await mkdir(deep)
    // More than an address of a socket holds: it is reached by the descriptor of its folder.
    await egress.open({ ...spec(), socketPath: join(deep, 's') })
    await egress.open({ ...spec(), socketPath: join(deep, 's') })
    const { open } = await import('node:fs/promises')
    const handle = await open(deep)
    expect(await call(`/proc/self/fd/${handle.fd}/s`, path())).toMatchObject({ status: 200 })
    await handle.close()
  })

  it('is started anew when it is killed: nothing goes out meanwhile, and sockets lead out again', async () => {
    await egress.open(spec('a'))
    await egress.open(spec('b'))
    expect(await call(join(folder, 'a.sock'), path())).toMatchObject({ status: 200 })
    const [pid = 0] = await children()
    process.kill(pid, 'SIGKILL')
    const status = (name: string) => () =>
      call(join(folder, `${name}.sock`), path()).then(
        (got) => String(got.status),
        (error: unknown) => systemCode(error) ?? '',
      )
    const met = new Set<string>()
    for (const name of ['a', 'b'])
      expect(
        await eventually(
          async () => {
            const got = await status(name)()
            met.add(got)
            return got
          },
          (got) => got === '200',
        ),
      ).toBe('200')
    for (const how of met) expect(['200', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE']).toContain(how)
    expect(await children()).toHaveLength(1)
    expect(notices).toMatchObject([{ code: 'UNAVAILABLE' }])
    expect(facts).toHaveLength(seen.length)
  })

  it('has a new authority placed before it is served again, for one attempt whatever another one does', async () => {
    const rules = [{ host: '127.0.0.1', port, mode: 'intercept' }] as const
    const placed: string[] = []
    const met: string[] = []
    const renewed = async ([ca = '']: readonly string[]): Promise<void> => {
      placed.push(ca)
      met.push(
        await call(join(folder, 'a.sock'), '/').then(
          ({ status }) => String(status),
          (error: unknown) => systemCode(error) ?? '',
        ),
      )
    }
    let places = true
    const failing = (): Promise<void> =>
      places ? Promise.resolve() : Promise.reject(new SeamError('UNAVAILABLE', 'The disk is full.'))
    await egress.open({ ...spec('b'), rules, renewed: failing })
    const { cas } = await egress.open({ ...spec('a'), rules, renewed })
    expect(placed).toEqual([cas[0]])
    const asked = (ca: string) =>
      callThrough(join(folder, 'a.sock'), `127.0.0.1:${port}`, '/', { ca }).then(
        ({ status }) => status,
        () => 0,
      )
    expect(await asked(placed[0] ?? '')).toBe(200)
    places = false
    const [pid = 0] = await children()
    process.kill(pid, 'SIGKILL')
    expect(
      await eventually(
        () => asked(placed[1] ?? cas[0] ?? ''),
        (status) => status === 200 && placed.length > 1,
      ),
    ).toBe(200)
    expect(placed).toHaveLength(2)
    expect(await asked(cas[0] ?? '')).toBe(0)
    for (const how of met) expect(['ECONNRESET', 'EPIPE']).toContain(how)
    await expect(call(join(folder, 'b.sock'), '/')).rejects.toBeDefined()
    places = true
    const answers = () =>
      call(join(folder, 'b.sock'), '/').then(
        ({ status }) => status,
        () => 0,
      )
    expect(await eventually(answers, (status) => status === 403)).toBe(403)
  })

  it('ends with the service, and nothing is left that listens', async () => {
    await egress.open(spec())
    await egress.close()
    expect(await children()).toEqual([])
    await expect(call(join(folder, 'a.sock'), path())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await expect(egress.open(spec())).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('rules', () => {
  it('are refused with their place', async () => {
    const rules = [{ host: 'a.example', mode: 'endpoint', inject: 'nokey', paths: ['/*'] }] as const
    const wrong = {
      code: 'INVALID_INPUT',
      problems: [expect.objectContaining({ place: { pointer: '/rules/0/inject' } })],
    }
    await expect(egress.open({ ...spec(), rules })).rejects.toMatchObject(wrong)
    expect(await readdir(folder)).toEqual([])
  })

  it('leave a file that is no socket where it is', async () => {
    const { writeFile } = await import('node:fs/promises')
    await writeFile(join(folder, 'a.sock'), 'x')
    await expect(egress.open(spec())).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await readFile(join(folder, 'a.sock'), 'utf8')).toBe('x')
  })
})
