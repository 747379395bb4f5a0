import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { call } from './support/client.ts'
import { codeOf, exchange, statusOf, tunnelTo } from './support/raw.ts'
import { setting, type Answer, type Setting } from './support/setting.ts'

let here: Setting
afterEach(() => here.close())

async function opened(options: Parameters<typeof setting>[1] = {}, answer?: Answer) {
  here = await setting(answer, options)
  const { socketPath } = await here.open([
    { host: 'api.example', mode: 'endpoint' },
    { host: 'other.example', mode: 'tunnel' },
    { host: 'xn--bcher-kva.example', mode: 'tunnel' },
  ])
  return { socketPath, at: `/to/api.example:${here.port}` }
}

describe('requests that two servers could read differently', () => {
  const line = 'POST @/x HTTP/1.1\r\n'
  const host = 'Host: 127.0.0.1\r\n'
  it.each([
    ['two different lengths', `${line}${host}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 400],
    ['the same length twice', `${line}${host}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
    ['a list of lengths', `${line}${host}Content-Length: 3, 3\r\n\r\nabc`, 400],
    ['a signed length', `${line}${host}Content-Length: +3\r\n\r\nabc`, 400],
    ['a length and chunks', `${line}${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['chunked twice', `${line}${host}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
    ['another coding', `${line}${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 400],
    ['obsolete folding', `${line}${host}X-A: b\r\n c\r\n\r\n`, 400],
    ['a space before a colon', `${line}${host}X-A : b\r\n\r\n`, 400],
    ['a bare line feed', `POST @/x HTTP/1.1\nHost: a\n\n`, 400],
    ['a bare carriage return', `${line}${host}X-A: b\rX-B: c\r\n\r\n`, 400],
    ['a NUL in a value', `${line}${host}X-A: b\0c\r\n\r\n`, 400],
    ['an escape in a value', `${line}${host}X-A: b\x1bc\r\n\r\n`, 400],
    ['two hosts', `${line}${host}Host: other.example\r\n\r\n`, 400],
    ['no host', `${line}\r\n`, 400],
    ['a host with a user', `${line}Host: user@127.0.0.1\r\n\r\n`, 400],
    ['an absolute target of another host', `GET http://other.example@/x HTTP/1.1\r\n${host}\r\n`, 400],
    ['an absolute target with a user', `GET http://u:p@127.0.0.1@/x HTTP/1.1\r\n${host}\r\n`, 400],
    ['HTTP/1.0', `GET @/x HTTP/1.0\r\n${host}\r\n`, 400],
    ['another version', `GET @/x HTTP/2.0\r\n${host}\r\n`, 400],
    ['a method of none', `get @/x HTTP/1.1\r\n${host}\r\n`, 400],
    ['no path', `OPTIONS * HTTP/1.1\r\n${host}\r\n`, 403],
    ['plain HTTP out', `GET http://api.example/x HTTP/1.1\r\nHost: api.example\r\n\r\n`, 501],
    ['an upgrade', `GET @/x HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 501],
    ['an upgrade to HTTP/2', `GET @/x HTTP/1.1\r\n${host}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`, 501],
    ['prior knowledge of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 501],
    ['TLS to the socket', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00', 400],
    ['many headers', `${line}${host}${'X-A: b\r\n'.repeat(101)}\r\n`, 413],
    ['large headers', `${line}${host}X-A: ${'b'.repeat(40_000)}\r\n\r\n`, 413],
    ['a large length', `${line}${host}Content-Length: 99999999999\r\n\r\n`, 413],
  ])('refuses %s', async (_, bytes, status) => {
    const { socketPath, at } = await opened()
    const answer = await exchange(socketPath, Buffer.from(bytes.replace('@/x', `${at}/x`), 'latin1'), 2_000)
    expect([statusOf(answer), codeOf(answer)]).toEqual([status, expect.any(String)])
    expect(here.requests).toEqual([])
    expect(here.decisions).toMatchObject([{ outcome: 'refused', code: codeOf(answer) }])
  })

  it.each([
    ['a size that is none', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a piece that is longer than its size', '1\r\nabc\r\n0\r\n\r\n'],
    ['a size that overflows', 'fffffffffffffffff\r\nabc'],
    ['a bare line feed', '3\nabc\n0\n\n'],
  ])('ends both sides at bad chunks: %s', async (_, body) => {
    const { socketPath, at } = await opened()
    const answer = await exchange(
      socketPath,
      `POST ${at}/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
      2_000,
    )
    expect(answer).not.toContain('200 OK')
    expect(here.requests).toEqual([])
    await expect.poll(() => here.decisions.length).toBe(2)
    expect(here.decisions).toMatchObject([{ outcome: 'allowed' }, { outcome: 'refused', reason: 'malformed' }])
  })

  it('ends a body that turns bad while it is on its way, and records it', async () => {
    const { socketPath, at } = await opened()
    const socket = connect(socketPath)
    socket.write(`POST ${at}/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`)
    await expect.poll(() => here.decisions.length).toBe(1)
    const ended = new Promise((resolve) => socket.on('close', resolve).resume())
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await ended
    await expect.poll(() => here.decisions.length).toBe(2)
    expect(here.decisions[1]).toMatchObject({ outcome: 'refused', reason: 'malformed', method: 'POST', path: '/x' })
    expect(here.requests).toEqual([])
  })

  it('has nothing to say of a program that goes away in the middle of a body', async () => {
    const { socketPath, at } = await opened()
    const socket = connect(socketPath)
    socket.write(`POST ${at}/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`)
    await expect.poll(() => here.decisions.length).toBe(1)
    socket.end()
    await new Promise((resolve) => socket.on('close', resolve).resume())
    await here.gateway.close()
    expect(here.decisions).toMatchObject([{ outcome: 'allowed' }])
  })

  it('ends a connection with a coding that it does not know', async () => {
    const { socketPath, at } = await opened()
    const begin = `POST ${at}/x HTTP/1.1\r\nHost: localhost\r\n`
    await exchange(socketPath, `${begin}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 2_000)
    expect(here.requests).toEqual([])
    expect(here.decisions).toMatchObject([{ outcome: 'refused', reason: 'malformed' }])
  })

  it('takes an absolute target of its own address', async () => {
    const { socketPath, at } = await opened()
    const answer = await exchange(
      socketPath,
      `GET http://127.0.0.1:4800${at}/x HTTP/1.1\r\nHost: 127.0.0.1:4800\r\nConnection: close\r\n\r\n`,
    )
    expect(statusOf(answer)).toBe(200)
  })

  it('ends a connection with requests that do not wait', async () => {
    const { socketPath, at } = await opened({}, (_, res) => void setTimeout(() => res.end('ok'), 50))
    const one = `GET ${at}/x HTTP/1.1\r\nHost: localhost\r\n\r\n`
    await exchange(socketPath, one.repeat(100), 2_000)
    expect(here.requests.length).toBeLessThanOrEqual(1)
    expect(here.decisions.some(({ reason }) => reason === 'pipelining')).toBe(true)
  })
})

describe('CONNECT', () => {
  const host = (name: string): string => `CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}:443\r\n\r\n`
  it.each([
    ['a short address in hex', host('0x7f.1'), 403],
    ['an address as a number', host('2130706433'), 403],
    ['an address in octal', host('0177.0.0.1'), 403],
    ['a name of numbers at its end', host('a.1'), 400],
    ['a mapped address', host('[::ffff:127.0.0.1]'), 403],
    ['a loopback address', host('127.0.0.1'), 403],
    ['a zone', host('[fe80::1%25lo]'), 400],
    ['letters outside of ASCII', Buffer.from(host('bücher.example'), 'utf8'), 400],
    ['a trailing dot of another port', host('other.example.'), 403],
    ['a user', 'CONNECT u@other.example:443 HTTP/1.1\r\n\r\n', 400],
    ['no port', 'CONNECT other.example HTTP/1.1\r\nHost: other.example\r\n\r\n', 400],
    ['port 0', 'CONNECT other.example:0 HTTP/1.1\r\n\r\n', 400],
    ['another Host', 'CONNECT other.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n', 400],
    ['another port', host('other.example'), 403],
    ['a body', 'CONNECT other.example:443 HTTP/1.1\r\nContent-Length: 4\r\n\r\n', 400],
    ['the host of a base URL', '', 403],
  ])('refuses %s', async (_, bytes, status) => {
    const { socketPath } = await opened()
    const answer = await exchange(
      socketPath,
      bytes === '' ? `CONNECT api.example:${here.port} HTTP/1.1\r\n\r\n` : bytes,
      2_000,
    )
    expect([statusOf(answer), codeOf(answer)]).toEqual([status, expect.any(String)])
    expect(here.decisions).toMatchObject([{ outcome: 'refused' }])
  })

  it('takes a host in mixed case and in punycode', async () => {
    const { socketPath } = await opened()
    for (const name of ['OTHER.Example', 'XN--bcher-kva.example']) {
      const socket = await tunnelTo(socketPath, `${name}:${here.port}`)
      expect(typeof socket).toBe('object')
      if (typeof socket !== 'string') socket.destroy()
    }
  })
})

describe('names', () => {
  it('never connects to an address that is not public, whatever a listed name resolves to', async () => {
    const addresses = [
      '127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '100.64.0.1', '100.100.100.200',
      '168.63.129.16', '0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.0.192', '::1', '::', '::ffff:8.8.8.8',
      '::127.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '2002:7f00:1::1', '2001:0:1::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254',
      'ff02::1', '2001:db8::1', 'fe80::1%lo', 'localhost', '', '8.8.8.8.8',
    ] // prettier-ignore
    for (const address of addresses) {
      const { socketPath } = await opened({ lookup: () => Promise.resolve([address]), privateRanges: [] })
      const got = await call(socketPath, '/to/api.example:' + here.port + '/')
      expect([address, got.status, codeOf(got.body)]).toEqual([address, 403, 'FORBIDDEN'])
      expect(here.decisions).toMatchObject([{ outcome: 'refused', reason: 'address' }])
      if (address !== addresses.at(-1)) await here.close()
    }
  })

  it('takes every spelling of an address for the address that it is', async () => {
    here = await setting(undefined, { privateRanges: [] })
    const { socketPath } = await here.open([{ host: '127.0.0.1', mode: 'endpoint' }])
    for (const host of ['0x7f.1', '2130706433', '0177.0.0.1', '127.1', '[::ffff:127.0.0.1]', '[::FFFF:7f00:1]']) {
      const got = await call(socketPath, `/to/${host}:${here.port}/`)
      expect([host, got.status, codeOf(got.body)]).toEqual([host, 403, 'FORBIDDEN'])
    }
    expect(new Set(here.decisions.map(({ host, reason }) => `${host} ${reason}`))).toEqual(
      new Set(['127.0.0.1 address']),
    )
  })

  it('never grants a metadata service', async () => {
    const { socketPath, at } = await opened({
      lookup: () => Promise.resolve(['169.254.169.254']),
      privateRanges: ['0.0.0.0/0', '::/0'],
    })
    expect(await call(socketPath, `${at}/`)).toMatchObject({ status: 403 })
  })

  it('connects to the address that it checked when the name changes its mind', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']]
    let asked = 0
    const { socketPath, at } = await opened({ lookup: () => Promise.resolve(answers[asked++] ?? ['10.0.0.1']) })
    for (let turn = 0; turn < 3; turn++) expect(await call(socketPath, `${at}/`)).toMatchObject({ status: 200 })
    expect(asked).toBe(1)
    expect(here.decisions.every(({ address }) => address === '127.0.0.1')).toBe(true)
  })

  it('checks again when it resolves again', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']]
    let asked = 0
    const { socketPath, at } = await opened({
      lookup: () => Promise.resolve(answers[asked++] ?? []),
      limits: { pinMs: 0 },
    })
    expect(await call(socketPath, `${at}/`)).toMatchObject({ status: 200 })
    expect(await call(socketPath, `${at}/`)).toMatchObject({ status: 403 })
    expect(here.requests).toHaveLength(1)
  })

  it('gives up on a resolver that fails or is silent', async () => {
    const { socketPath, at } = await opened({ lookup: () => Promise.reject(new Error('x')) })
    expect(await call(socketPath, `${at}/`)).toMatchObject({ status: 503 })
    await here.close()
    const silent = await opened({ lookup: () => new Promise(() => undefined), limits: { connectMs: 200 } })
    expect(await call(silent.socketPath, `${silent.at}/`)).toMatchObject({ status: 503 })
  })
})

describe('evidence', () => {
  it('sends nothing where a decision can not be recorded', async () => {
    const { socketPath, at } = await opened({ decided: () => Promise.reject(new Error('full')) })
    for (const path of [`${at}/`, '/to/nowhere.example/']) {
      const got = await call(socketPath, path)
      expect([got.status, codeOf(got.body)]).toEqual([503, 'UNAVAILABLE'])
    }
    const socket = await tunnelTo(socketPath, 'nowhere.example:443')
    expect(typeof socket === 'string' && codeOf(socket)).toBe('UNAVAILABLE')
    expect(here.requests).toEqual([])
  })

  it('sends nothing before the decision is recorded, and groups those that wait', async () => {
    let release = (): void => undefined
    const groups: number[] = []
    const { socketPath, at } = await opened({
      decided: async (group) => {
        groups.push(group.reduce((sum, { count }) => sum + count, 0))
        if (groups.length === 1) await new Promise<void>((resolve) => (release = resolve))
      },
    })
    const calls = Array.from({ length: 50 }, () => call(socketPath, `${at}/same`))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(here.requests).toEqual([])
    release()
    await Promise.all(calls)
    expect(groups.length).toBeLessThan(10)
    expect(groups.reduce((sum, count) => sum + count, 0)).toBe(50)
  })
})
