import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningService } from '@seamark/cli'
import { itemPage, problemDocument, REQUEST_ID_HEADER, runEvent, runPage, serviceView } from '@seamark/protocol'
import type { DoctorReport } from '@seamark/protocol'
import { seamarkClient } from '@seamark/sdk'
import type { SeamarkClient } from '@seamark/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serviceHost } from '../src/index.ts'

let dir = ''
let service: RunningService
let client: SeamarkClient

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-http-'))
  const host = serviceHost({ path: process.env['PATH'], git: {} })
  service = await host.serve({ dataDir: join(dir, 'data'), cwd: dir, onNotice: () => undefined })
  client = seamarkClient({ socketPath: service.socketPath })
}, 30_000)
afterAll(async () => {
  await client.close()
  await service.stop({ cancelRunning: true })
  rmSync(dir, { recursive: true, force: true })
}, 30_000)

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

function call(method: string, path: string, body?: string | Buffer, type?: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const sent = request({ socketPath: service.socketPath, method, path, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const plan = (run: string) => `version: 1\nitems: [{ id: a, executor: process, run: ${JSON.stringify(run)} }]\n`
const submit = (run: string, id = `r${randomUUID()}`) => client.submit({ plan: plan(run), format: 'yaml', run: id })

describe('problems', () => {
  it.each([
    ['GET', '/v1/nothing', undefined, undefined, 404, 'NOT_FOUND'],
    ['GET', '/v1/runs/none', undefined, undefined, 404, 'NOT_FOUND'],
    ['GET', '/v1/runs/..%2f..', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', '/v1/runs?limit=none', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', '/v1/runs?unknown=1', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', '/v1/runs?cursor=bad', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', `/v1/runs/${'a'.repeat(64)}`, undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', `/v1/runs/${'a'.repeat(3_000)}`, undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', `/v1/runs/r/items/${'a'.repeat(3_000)}`, undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', `/v1/runs/${'a'.repeat(20_000)}`, undefined, undefined, 413, 'LIMIT_EXCEEDED'],
    ['GET', '/v1/runs/%zz', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', '/v1/runs/%ff', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', '/v1/runs/%00', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', '/v1/runs?name=%zz', undefined, undefined, 400, 'INVALID_INPUT'],
    ['GET', '/v1/runs?limit=1&limit=2', undefined, undefined, 400, 'INVALID_INPUT'],
    ['DELETE', '/v1/runs', undefined, undefined, 404, 'NOT_FOUND'],
    ['PROPFIND', '/v1/runs', undefined, undefined, 404, 'NOT_FOUND'],
    ['POST', '/v1/runs/r', '{}', 'application/json', 404, 'NOT_FOUND'],
    ['POST', '/v1/runs', 'x', ';;;', 400, 'INVALID_INPUT'],
    ['POST', '/v1/stop', '\xff', 'application/json', 400, 'INVALID_INPUT'],
    ['POST', '/v1/runs', 'x', 'text/plain', 400, 'INVALID_INPUT'],
    ['POST', '/v1/runs', '{', 'application/json', 400, 'INVALID_INPUT'],
    ['POST', '/v1/stop', '{"cancelRunning":1}', 'application/json', 400, 'INVALID_INPUT'],
    ['POST', '/v1/stop', '{"more":true}', 'application/json', 400, 'INVALID_INPUT'],
    ['POST', '/v1/stop', 'x'.repeat(1_100_000), 'application/json', 413, 'LIMIT_EXCEEDED'],
    ['POST', '/v1/runs', `${' '.repeat(5_000_000)}version: 1`, 'application/yaml', 413, 'LIMIT_EXCEEDED'],
  ])('%s %s', async (method, path, body, type, status, code) => {
    const answer = await call(method, path, body, type)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    const document = problemDocument.parse(JSON.parse(answer.text))
    expect(document).toMatchObject({ status, code, requestId: answer.headers[REQUEST_ID_HEADER] })
  })
})

describe('what is no request that has a route', () => {
  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = ''
      const socket = createConnection(service.socketPath)
      socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
      socket.on('error', reject).on('close', () => resolve(answer))
      socket.write(text)
    })
  }
  const lines = (...head: string[]) => `${[...head, 'Host: x', 'Connection: close'].join('\r\n')}\r\n\r\n`

  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400, 'INVALID_INPUT'],
    ['a method that HTTP does not have', lines('FOO /v1/runs HTTP/1.1'), 400, 'INVALID_INPUT'],
    ['two lengths', lines('POST /v1/stop HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2'), 400, 'INVALID_INPUT'],
    ['headers that are too long', lines('GET /v1/runs HTTP/1.1', `X: ${'y'.repeat(20_000)}`), 413, 'LIMIT_EXCEEDED'],
    ['an expectation', lines('POST /v1/stop HTTP/1.1', 'Expect: magic', 'Content-Length: 0'), 400, 'INVALID_INPUT'],
  ])('%s is a problem document too', async (_, text, status, code) => {
    const [head = '', body = ''] = (await raw(text)).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(head).toMatch(/content-type: application\/problem\+json/i)
    const document = problemDocument.parse(JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)))
    expect(document).toMatchObject({ status, code, problems: [{ remedy: expect.stringMatching(/./) }] })
    expect(head).toContain(document.requestId)
  })

  it('a path that is there is told with its methods', async () => {
    expect((await call('DELETE', '/v1/runs')).headers['allow']).toBe('POST, GET')
    expect((await call('POST', '/v1/runs/r')).headers['allow']).toBe('GET')
    expect((await call('GET', '/v1/nothing')).headers['allow']).toBeUndefined()
  })

  it('an id that can be none is one problem, in words', async () => {
    const { text } = await call('POST', '/v1/runs?run=BAD%20ID', plan('true'), 'application/yaml')
    const { problems } = problemDocument.parse(JSON.parse(text))
    expect(problems).toMatchObject([{ code: 'INVALID_INPUT', place: { pointer: '/run' } }])
    expect(text).not.toContain('[a-z0-9]')
  })
})

describe('the doctor', () => {
  it('re-reads all that is stored where that is asked for', async () => {
    const ids = ({ findings }: DoctorReport) => findings.map(({ id }) => id).filter((id) => id.endsWith('.deep'))
    expect(ids(await client.doctor())).toEqual([])
    expect(ids(await client.doctor({ deep: true }))).toEqual(['log.deep', 'storage.deep'])
    expect((await call('GET', '/v1/doctor?deep=yes')).status).toBe(400)
  })
})

describe('answers', () => {
  it('are what the protocol says', async () => {
    const { run } = await submit('echo hello')
    for await (const event of client.events(run, { follow: true })) expect(runEvent.parse(event)).toEqual(event)
    serviceView.parse(JSON.parse((await call('GET', '/v1/service')).text))
    runPage.parse(JSON.parse((await call('GET', '/v1/runs?limit=1')).text))
    const page = itemPage.parse(JSON.parse((await call('GET', `/v1/runs/${run}/items`)).text))
    expect(page.items).toMatchObject([{ item: 'a', status: 'succeeded', executor: 'process' }])
    expect(await client.health()).toEqual({ status: 'ok' })
  })

  it('pages go through all runs once', async () => {
    const known: string[] = []
    for await (const { run } of client.runs()) known.push(run)
    let cursor: string | undefined
    const seen: string[] = []
    do {
      const query = `limit=1${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
      const page = runPage.parse(JSON.parse((await call('GET', `/v1/runs?${query}`)).text))
      seen.push(...page.runs.map(({ run }) => run))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(seen).toEqual(known)
  })
})

describe('streams', () => {
  it('events go on from a seq, and end with the newest where they are not followed', async () => {
    const { run } = await submit('true')
    const all: number[] = []
    for await (const event of client.events(run, { follow: true })) if (event.type === 'record') all.push(event.seq)
    const rest: number[] = []
    for await (const event of client.events(run, { from: all[2]! })) if (event.type === 'record') rest.push(event.seq)
    expect(rest).toEqual(all.slice(2))
  })

  it('logs follow what runs, from a byte, at the pace of the reader', async () => {
    const { run } = await submit('printf abc; sleep 1; printf def; sleep 1; printf ghi')
    let text = ''
    for await (const chunk of client.logs(run, 'a', { follow: true, from: 1 })) text += Buffer.from(chunk).toString()
    expect(text).toBe('bcdefghi')
    const large = await submit('head -c 20000000 /dev/zero')
    let bytes = 0
    for await (const chunk of client.logs(large.run, 'a', { follow: true })) {
      bytes += chunk.byteLength
      if (bytes < 300_000) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(bytes).toBe(20_000_000)
  }, 60_000)

  it('a follower that leaves does not keep anything', async () => {
    const { run } = await submit('sleep 5')
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 300)
    const follow = async () => {
      for await (const _ of client.events(run, { follow: true }, { signal: stop.signal })) void _
    }
    await expect(follow()).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await client.cancel(run)).toEqual({ effective: true })
  })

  it('evidence of a run that is not over is CONFLICT; so is a patch', async () => {
    const { run } = await submit('sleep 20')
    const drain = async (bytes: AsyncIterable<Uint8Array>) => {
      for await (const _ of bytes) void _
    }
    await expect(drain(client.evidence(run))).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(drain(client.patch(run, 'a'))).rejects.toMatchObject({ code: 'CONFLICT' })
    await client.cancel(run)
    for await (const event of client.events(run, { follow: true }))
      if (event.type === 'end') expect(event.run.status).toBe('canceled')
    await drain(client.evidence(run))
  }, 40_000)
})
