// What a program inside does with its way out, one deed for each name. It prints what came back.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as secure } from 'node:tls'

const [, , deed, port = ''] = process.argv
const own = 'sk-of-the-program-0123456789'
const base = (host) => new URL(JSON.parse(process.env.SEAMARK_ENDPOINTS)[`${host}:${port}`]).pathname + '/'
const say = (...words) => console.log(words.join(' '))

/** Everything that comes back for some bytes, until the connection ends. */
const exchange = (bytes, socket = connect(3128, '127.0.0.1')) =>
  new Promise((resolve) => {
    let seen = ''
    socket.on('data', (piece) => (seen += piece.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(seen.split('\r\n')[0]))
    socket.write(bytes)
  })

/** A connection to a host behind the gateway, and the status of the answer to CONNECT. */
const tunnel = (to) =>
  new Promise((resolve) => {
    const socket = connect(3128, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.once('data', (piece) => resolve({ socket, status: Number(piece.toString('latin1').slice(9, 12)) }))
    socket.once('close', () => resolve({ socket, status: 0 }))
    socket.write(Buffer.from(`CONNECT ${to}:${port} HTTP/1.1\r\nHost: ${to}:${port}\r\n\r\n`, 'utf8'))
  })

const inTls = async (host, options = {}) => {
  const { socket, status } = await tunnel(host)
  if (status !== 200) throw new Error(`${host}: ${status}`)
  const ca = readFileSync('/run/seamark/certificates.pem')
  return secure({ socket, servername: host.toLowerCase().replace(/\.$/, ''), ca, ...options })
}

const ask = async (host, method, path, headers = {}, body = '') => {
  const lines = Object.entries({
    Host: `${host}:${port}`,
    'Content-Length': body.length,
    Connection: 'close',
    ...headers,
  })
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return exchange(`${method} ${path} HTTP/1.1\r\n${text}\r\n${body}`, await inTls(host))
}

const head = (method, path, ...more) => [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...more, '', ''].join('\r\n')

const deeds = {
  async key() {
    const headers = [
      `Authorization: Bearer ${own}`,
      `X-Api-Key: ${own}`,
      `Cookie: key=${own}`,
      `X_Api_Key: ${own}`,
      'Connection: close',
    ]
    say(await exchange(head('GET', `${base('model.example')}v1/models?key=${own}&page=1`, ...headers)))
    say(await exchange(head('GET', `${base('open.example')}own`, ...headers)))
  },
  async gist() {
    const body = '{"public":true}'
    const paths = ['/gists', '/repos/acme/../../gists', '/repos/acme/%2e%2e/%2e%2e/gists', '/repos/acme/..%2f..%2fgists', '//gists', '/repos/acme/..;/..;/gists', '/REPOS/acme/x'] // prettier-ignore
    for (const path of paths) say(path, await ask('forge.example', 'POST', path, {}, body))
    const override = { 'X-Original-URL': '/gists', 'X-Rewrite-URL': '/gists', 'X-HTTP-Method-Override': 'DELETE', 'X-Forwarded-Host': 'gist.example' } // prettier-ignore
    say(await ask('forge.example', 'POST', '/repos/acme/x/issues', override, body))
    say(await ask('forge.example', 'DELETE', '/repos/acme/x'))
  },
  async endless() {
    const piece = `4000\r\n${'a'.repeat(16_384)}\r\n`
    // The second host has answered long before.
    for (const path of ['endless', 'early']) {
      const socket = connect(3128, '127.0.0.1')
      const more = () => {
        if (!socket.destroyed && socket.write(piece)) setImmediate(more)
      }
      socket.on('drain', more)
      const answer = exchange(head('POST', `${base('open.example')}${path}`, 'Transfer-Encoding: chunked'), socket)
      more()
      await answer
      say(path, 'is over')
    }
  },
  async slow() {
    const socket = connect(3128, '127.0.0.1')
    socket.write(head('GET', `${base('open.example')}large`))
    socket.pause()
    const told = Promise.withResolvers()
    // Only who has ended the other side knows it here: nothing is read.
    const look = setInterval(() => socket.write('', (error) => error && told.resolve()), 200)
    socket.on('error', told.resolve)
    socket.on('close', told.resolve)
    setTimeout(() => told.resolve(), 16_000)
    await told.promise
    clearInterval(look)
    socket.destroy()
  },
  async many() {
    const open = []
    let ended = 0
    for (let turn = 0; turn < 20; turn++) {
      await Promise.all(
        Array.from(
          { length: 500 },
          () =>
            new Promise((resolve) => {
              const socket = connect(3128, '127.0.0.1')
              socket.on('connect', resolve)
              socket.on('error', resolve)
              socket.on('close', () => (ended++, resolve()))
              open.push(socket)
            }),
        ),
      )
    }
    say('opened', open.length)
    while (ended < 9_000) await new Promise((resolve) => setTimeout(resolve, 50))
    for (const socket of open) socket.destroy()
  },
  async http2() {
    say(await exchange('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'))
    const socket = await inTls('forge.example', { ALPNProtocols: ['h2', 'http/1.1'] })
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    say('agreed', socket.alpnProtocol)
    say(await exchange('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', socket))
  },
  async upgrade() {
    const websocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='] // prettier-ignore
    say(await exchange(head('GET', `${base('open.example')}socket`, ...websocket)))
    say(await exchange(head('GET', `${base('open.example')}socket`, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'))) // prettier-ignore
  },
  async names() {
    const spellings = ['0x7f.1', '2130706433', '0177.0.0.1', '127.1', '127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::127.0.0.1]', '169.254.169.254', 'bücher.example', 'ｏｐｅｎ.example', 'open.example@127.0.0.1', 'open.example%00.example'] // prettier-ignore
    for (const name of spellings) {
      const { socket, status } = await tunnel(name)
      socket.destroy()
      say(name, status)
    }
    say('inner', await exchange(head('GET', `${base('inner.example')}latest/meta-data`, 'Connection: close')))
    for (const name of ['FORGE.Example', 'forge.example.', 'XN--bcher-kva.example'])
      say('good', name, await ask(name, 'GET', '/repos/acme/named'))
  },
  async turns() {
    say(await exchange(head('GET', `${base('turns.example')}first`, 'Connection: close')))
    say(await exchange(head('GET', `${base('turns.example')}second`, 'Connection: close')))
  },
}

await deeds[deed]()
