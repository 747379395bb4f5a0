import { SeamError } from '@seamark/kit'
import { PROBLEM_MEDIA_TYPE, toProblemDocument } from '@seamark/protocol'
import type { RunEvent, RunView } from '@seamark/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { seamarkClient } from '../src/index.ts'
import type { SeamarkClient } from '../src/index.ts'
import { json, startService } from './service.ts'
import type { TestService } from './service.ts'

let service: TestService | undefined
let client: SeamarkClient | undefined

async function serving(answer: Parameters<typeof startService>[0]): Promise<SeamarkClient> {
  service = await startService(answer)
  client = seamarkClient({ socketPath: service.socketPath, minDelayMs: 1, silenceMs: 2_000 })
  return client
}

afterEach(async () => {
  await client?.close()
  await service?.stop()
  client = service = undefined
})

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const entry of iterable) list.push(entry)
  return list
}

const digest = 'a'.repeat(64)
const run = (id: string): RunView => ({
  run: id,
  status: 'succeeded',
  seq: 1,
  plan: digest,
  items: 1,
  settled: { succeeded: 1, failed: 0, canceled: 0, skipped: 0 },
  submittedBy: 'local:0',
  submittedAt: 1,
})
const record = (seq: number): RunEvent => ({
  type: 'record',
  seq,
  at: 1,
  kind: 'item.settled',
  actor: 'engine',
  data: {},
})
const line = (event: RunEvent) => `${JSON.stringify(event)}\n`

describe('calls', () => {
  test('gives a typed answer, and takes fields that it does not know', async () => {
    const c = await serving((_, response) => json(response, { ...run('r1'), later: true }))
    expect(await c.run('r1')).toEqual(run('r1'))
  })

  test('sends a plan as its own bytes, under an id of its own', async () => {
    const c = await serving((_, response) => json(response, { run: 'r', created: true, plan: digest, items: 1 }))
    await c.submit({ plan: 'version: 1', format: 'yaml', from: '/a b' })
    const [request] = service?.requests ?? []
    expect(request).toMatchObject({ method: 'POST', type: 'application/yaml', body: 'version: 1' })
    const query = new URL(request?.url ?? '', 'http://x').searchParams
    expect(query.get('from')).toBe('/a b')
    expect(query.get('run')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test('a submit whose answer is cut is repeated under the same id', async () => {
    const c = await serving((request, response, count) => {
      if (count === 1) request.socket.destroy()
      else json(response, { run: 'r', created: false, plan: digest, items: 1 })
    })
    expect((await c.submit({ plan: '{}', format: 'json' })).created).toBe(false)
    expect(service?.requests.length).toBe(2)
    expect(service?.requests[0]?.url).toBe(service?.requests[1]?.url)
  })

  test('a call that is not idempotent is never repeated', async () => {
    const c = await serving((request) => request.socket.destroy())
    await expect(c.resume('r1', 'a', 't')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(service?.requests.length).toBe(1)
  })

  test('pages are fetched until the last', async () => {
    const c = await serving((request, response) => {
      const cursor = new URL(request.url ?? '', 'http://x').searchParams.get('cursor')
      json(response, cursor === null ? { runs: [run('r2')], cursor: 'next' } : { runs: [run('r1')] })
    })
    expect((await all(c.runs({ status: 'succeeded' }))).map((r) => r.run)).toEqual(['r2', 'r1'])
  })

  test('ids that could leave the path are refused before anything is sent', async () => {
    const c = await serving((_, response) => json(response, {}))
    for (const id of ['..', 'a/b', 'A', '', 'x'.repeat(100)])
      await expect(c.run(id)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(service?.requests.length).toBe(0)
  })
})

describe('errors', () => {
  test('a problem document becomes the error that it tells of', async () => {
    const problems = [
      { code: 'INVALID_INPUT' as const, message: 'x', place: { pointer: '/items/0', line: 3, column: 1 }, remedy: 'y' },
      { code: 'UNSUPPORTED' as const, message: 'z' },
    ]
    const sent = new SeamError('INVALID_INPUT', 'The plan is not valid.', { problems })
    const c = await serving((_, response) => {
      const document = toProblemDocument(sent, 'req-1')
      response.writeHead(document.status, { 'content-type': PROBLEM_MEDIA_TYPE }).end(JSON.stringify(document))
    })
    await expect(c.submit({ plan: '', format: 'yaml' })).rejects.toMatchObject({ code: 'INVALID_INPUT', problems })
    expect(service?.requests.length).toBe(1)
  })

  test('UNAVAILABLE is tried again, up to the limit', async () => {
    const c = await serving((_, response, count) => {
      const document = toProblemDocument(new SeamError('UNAVAILABLE', 'Not yet.'), 'r')
      if (count < 3) json(response, document, 503)
      else json(response, { status: 'ok' })
    })
    expect(await c.health()).toEqual({ status: 'ok' })
    await service?.stop()
    await expect(c.health()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('a limit without a delay is not tried again', async () => {
    const c = await serving((_, response) =>
      json(response, toProblemDocument(new SeamError('LIMIT_EXCEEDED', 'Too large.'), 'r'), 413),
    )
    await expect(c.health()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(service?.requests.length).toBe(1)
  })

  test.each([
    ['text', 200, 'hello'],
    ['nothing', 200, ''],
    ['another document', 200, '{"status":"fine"}'],
    ['an error page', 500, '<html>'],
    ['a problem of another program', 400, '{"type":"about:blank","title":"x","status":400}'],
  ])('%s is INTERNAL', async (_, status, body) => {
    const c = await serving((__, response) => response.writeHead(status).end(body))
    await expect(c.health()).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('no service is UNAVAILABLE', async () => {
    const c = seamarkClient({ socketPath: '/nonexistent/s.sock', minDelayMs: 1 })
    await expect(c.health()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await c.close()
  })

  test('a silent service is TIMEOUT', async () => {
    service = await startService(() => undefined)
    const c = seamarkClient({ socketPath: service.socketPath, silenceMs: 100 })
    await expect(c.health()).rejects.toMatchObject({ code: 'TIMEOUT' })
    await c.close()
  })

  test('a service that falls silent within its answer is TIMEOUT, and one whose reader is slow is not', async () => {
    let go: () => void = () => undefined
    service = await startService((_, response) => {
      response.writeHead(200).write('half')
      go = () => response.end('rest')
    })
    const c = seamarkClient({ socketPath: service.socketPath, silenceMs: 100 })
    const silent = c.evidence('r1')[Symbol.asyncIterator]()
    expect((await silent.next()).done).toBe(false)
    await expect(silent.next()).rejects.toMatchObject({ code: 'TIMEOUT' })
    const slow = c.evidence('r1')[Symbol.asyncIterator]()
    await slow.next()
    // As long as the reader does something else, longer than a silence may be.
    await new Promise((resolve) => setTimeout(resolve, 300))
    go()
    expect(Buffer.from((await slow.next()).value ?? '').toString()).toBe('rest')
    await c.close()
  })

  test('an abort stops a call and a stream', async () => {
    const c = await serving((request, response) => {
      if (request.url?.includes('events')) response.writeHead(200).write(line(record(0)))
    })
    await expect(c.health({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ code: 'ABORTED' })
    const stop = new AbortController()
    const events = c.events('r1', { follow: true }, { signal: stop.signal })[Symbol.asyncIterator]()
    expect((await events.next()).done).toBe(false)
    stop.abort()
    await expect(events.next()).rejects.toMatchObject({ code: 'ABORTED' })
  })

  test.each([
    { url: 'ftp://x' },
    { url: 'nothing' },
    { url: 'https://user:secret@host' },
    { url: 'http://example.com', token: 'secret' },
  ])('the address %o is refused', (target) => {
    expect(() => seamarkClient(target)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('streams', () => {
  test('events go on after a cut, each record once, without pings', async () => {
    const c = await serving((request, response, count) => {
      const from = Number(new URL(request.url ?? '', 'http://x').searchParams.get('from'))
      response.writeHead(200)
      if (count === 1) {
        response.write(line({ type: 'ping', at: 1 }) + line(record(0)) + line(record(1)) + '{"type":"rec')
        setTimeout(() => request.socket.destroy(), 10)
      } else if (count === 2) response.end(line(record(from)))
      else response.end(line(record(from)) + line({ type: 'end', run: run('r1') }))
    })
    const events = await all(c.events('r1', { follow: true }))
    expect(events.map((event) => (event.type === 'record' ? event.seq : event.type))).toEqual([0, 1, 2, 3, 'end'])
  })

  test('an event that /v1 does not have is INTERNAL, a kind of a newer service is taken', async () => {
    const newer = { ...record(0), kind: 'intent.proposed' }
    const c = await serving((_, response, count) => {
      response.end(count === 1 ? `${JSON.stringify(newer)}\n` : '{"type":"other"}\n')
    })
    expect(await all(c.events('r1'))).toEqual([newer])
    await expect(all(c.events('r1'))).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('logs go on after a cut at the byte and attempt where they were', async () => {
    const text = 'abcdefghij'
    const c = await serving((request, response, count) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams
      const from = Number(query.get('from'))
      if (count > 1) expect(query.get('attempt')).toBe('2')
      response.writeHead(200, { 'seamark-attempt': '2' })
      if (count < 4) {
        response.write(text.slice(from, from + 3))
        setTimeout(() => request.socket.destroy(), 10)
      } else response.end(text.slice(from))
    })
    expect(Buffer.concat(await all(c.logs('r1', 'a', { follow: true }))).toString()).toBe(text)
  })

  test('a bundle that is cut is an error, never a shorter bundle', async () => {
    const c = await serving((request, response) => {
      response.writeHead(200).write('half')
      setTimeout(() => request.socket.destroy(), 10)
    })
    await expect(all(c.evidence('r1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('a reader that stops early lets go of the connection', async () => {
    let closed: () => void = () => undefined
    const done = new Promise<void>((resolve) => (closed = resolve))
    const c = await serving((request, response) => {
      request.socket.on('close', closed)
      response.writeHead(200).write(line(record(0)))
    })
    for await (const _ of c.events('r1', { follow: true })) break
    await done
  })
})
