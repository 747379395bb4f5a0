import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forwarderProgram, throughForwarder } from '@seamark/forwarder'

let folder: string
let server: Server | undefined
const sockets = new Set<Socket>()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fw-'))
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  if (server?.listening === true) await new Promise((done) => server?.close(done))
  server = undefined
  await rm(folder, { recursive: true })
})

function gateway(each: (socket: Socket) => void): Promise<void> {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    each(socket)
  })
  return new Promise((done) => void server?.listen({ path: join(folder, 'gateway.sock'), backlog: 1_024 }, done))
}

const program = '/run/seamark-forward'
const sandbox = (argv: readonly string[]): string[] =>
  [
    ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ['--tmpfs', '/run', '--ro-bind', folder, '/run/seamark', '--ro-bind', forwarderProgram(), program],
    ['--', ...throughForwarder(argv, { program, port: 3_128, socket: '/run/seamark/gateway.sock' })],
  ].flat()

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program behind the forwarder, in a network of its own. */
function inside(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const child = spawn('bwrap', sandbox(argv), { env })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
  child.stdin.end()
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

async function script(text: string): Promise<Ended> {
  const path = join(folder, 'script.mjs')
  await writeFile(path, `import { connect } from 'node:net'\nconst to = () => connect(3128, '127.0.0.1')\n${text}`)
  return inside([process.execPath, '/run/seamark/script.mjs'])
}

describe('the program', () => {
  it.each([
    [['sh', '-c', 'exit 7'], 7],
    [['sh', '-c', 'kill -TERM $$'], 128 + 15],
    [['/usr/bin/env', 'true'], 0],
    [['no-such-program'], 127],
    [['/etc/passwd'], 126],
  ] as const)('is what ends: %j', async (argv, code) => {
    expect(await inside(argv)).toMatchObject({ code })
  })

  it('has its arguments, environment, output and signals, and no child that it did not start', async () => {
    const text =
      'read -r children < /proc/$$/task/$$/children; echo "$0|$1|$A|$children"; exec grep SigBlk /proc/self/status'
    const { stdout } = await inside(['sh', '-c', text, 'a b', ''], { ...process.env, A: 'x y' })
    expect(stdout.trim().split('\n')).toEqual(['a b||x y|', 'SigBlk:\t0000000000000000'])
  })

  it('is found on PATH as the shell finds it, and the reason is told where it is not', async () => {
    const env = { ...process.env, PATH: '/nowhere::/usr/bin/env:/usr/bin:/bin' }
    expect(await inside(['true'], env)).toMatchObject({ code: 0 })
    expect((await inside(['absent'], env)).stderr).toContain('absent')
  })

  it.each([
    [['0', '/s', '--', 'true']],
    [['65536', '/s', '--', 'true']],
    [['x', '/s', '--', 'true']],
    [['3128', '', '--', 'true']],
    [['3128', `/${'s'.repeat(108)}`, '--', 'true']],
    [['3128', '/s', 'true', 'true']],
    [['3128', '/s', '--']],
    [[]],
  ])('is not started with %j', (argv) => {
    const { status } = spawnSync(forwarderProgram(), argv)
    expect(status).toBe(125)
  })

  it('is a script without a first line that names its shell, as the shell finds it', async () => {
    await writeFile(join(folder, 'it'), 'echo ran $1; exit 5', { mode: 0o755 })
    const env = { ...process.env, PATH: '/run/seamark:/usr/bin:/bin' }
    expect(await inside(['it', 'x'], env)).toMatchObject({ code: 5, stdout: 'ran x\n' })
  })

  it('does not start where the port is taken', async () => {
    const again = [program, '3128', '/run/seamark/gateway.sock', '--', 'true']
    expect(await inside(again)).toMatchObject({ code: 125 })
  })

  it('can not be held up by the forwarder: its output ends with it', async () => {
    await gateway((socket) => socket.resume())
    const started = Date.now()
    const { code, stdout } = await script("to().on('connect', () => { console.log('in'); process.exit(3) })")
    expect([code, stdout]).toEqual([3, 'in\n'])
    expect(Date.now() - started).toBeLessThan(10_000)
  })
})

describe('connections', () => {
  it('pass bytes both ways, whole and in order, with half-closes', async () => {
    // What is sent is answered only after its end.
    await gateway((socket) => {
      const hash = createHash('sha256')
      socket.on('data', (piece) => hash.update(piece))
      socket.on('end', () => {
        socket.write(`${hash.digest('hex')}\n`)
        let left = 200
        const more = (): void => {
          while (left-- > 0) if (!socket.write(Buffer.alloc(100_000, left))) return void socket.once('drain', more)
          socket.end()
        }
        more()
      })
    })
    const sent = Buffer.alloc(20_000_000, 'abcdefg')
    const { stdout } = await script(`
      const socket = to()
      socket.end(Buffer.alloc(20_000_000, 'abcdefg'))
      let size = 0, head = ''
      for await (const piece of socket) { size += piece.length; if (head.length < 64) head += piece.toString('latin1') }
      console.log(head.slice(0, 64), size)`)
    expect(stdout.trim()).toBe(`${createHash('sha256').update(sent).digest('hex')} ${65 + 200 * 100_000}`)
  })

  it('hold up a sender whose bytes nobody takes, on either side', async () => {
    let written = 0
    await gateway((socket) => {
      socket.pause()
      const more = (): void => {
        while (!socket.destroyed && written < 200_000_000) {
          written += 100_000
          if (!socket.write(Buffer.alloc(100_000))) return void socket.once('drain', more)
        }
      }
      more()
    })
    const { stdout } = await script(`
      const socket = to()
      socket.pause()
      let sent = 0
      const more = () => { while (sent < 200_000_000) { sent += 100_000; if (!socket.write(Buffer.alloc(100_000))) return socket.once('drain', more) } }
      socket.on('connect', more)
      setTimeout(() => { console.log(sent); process.exit() }, 1_500)`)
    expect(Number(stdout)).toBeLessThan(5_000_000)
    expect(written).toBeLessThan(5_000_000)
  })

  it('are thousands at a time, while memory stays as it is', async () => {
    await gateway((socket) => socket.pipe(socket))
    const { stdout, stderr } = await script(`
      import { readdirSync, readFileSync } from 'node:fs'
      const resident = () => {
        for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
          const status = readFileSync('/proc/' + pid + '/status', 'utf8')
          if (status.startsWith('Name:\\tseamark-forward')) return Number(/VmRSS:\\s+(\\d+)/.exec(status)[1])
        }
      }
      const before = resident()
      const open = []
      for (let at = 0; at < 3_000; at++) {
        const socket = to()
        await new Promise((done, failed) => { socket.on('connect', done); socket.on('error', failed) })
        open.push(socket)
      }
      await Promise.all(open.map((socket, at) => new Promise((done) => { socket.on('data', (piece) => piece.toString() === 'x' + at && done()); socket.write('x' + at) })))
      console.log(open.length, resident() - before, before)
      process.exit()`)
    const [count, grown, before] = stdout.trim().split(' ').map(Number)
    expect([count, stderr]).toEqual([3_000, ''])
    expect(before).toBeLessThan(1_024)
    expect(grown).toBeLessThan(1_024)
  })

  it('are given back: tens of thousands one after the other', async () => {
    await gateway((socket) => socket.end('x'))
    const { stdout } = await script(`
      let seen = 0
      const one = () => new Promise((done) => { const socket = to(); socket.on('error', done); socket.on('data', () => seen++); socket.on('close', done); socket.on('end', () => socket.end()) })
      for (let turn = 0; turn < 200; turn++) await Promise.all(Array.from({ length: 100 }, one))
      console.log(seen)`)
    expect(stdout.trim()).toBe('20000')
  })

  it('end at once where no gateway listens, and reach one that comes later', async () => {
    const ended = script(`
      const once = () => new Promise((done) => { const socket = to(); socket.on('error', () => done('failed')); socket.on('data', (piece) => done(piece.toString())); socket.on('close', () => done('closed')) })
      console.log(await once())
      for (let at = 0; at < 500; at++) { const got = await once(); if (got === 'here') { console.log(got); process.exit() } await new Promise((done) => setTimeout(done, 20)) }`)
    await new Promise((done) => setTimeout(done, 500))
    await gateway((socket) => socket.end('here'))
    const [first, last] = (await ended).stdout.trim().split('\n')
    expect(['failed', 'closed']).toContain(first)
    expect(last).toBe('here')
  })

  it('outlive broken ones: resets, signals and closed pipes', async () => {
    await gateway((socket) => {
      socket.once('data', (piece) => {
        if (piece.toString() === 'end') socket.destroy()
        else socket.end('pong')
      })
    })
    const { stdout } = await script(`
      import { readdirSync, readFileSync } from 'node:fs'
      for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
        if (!readFileSync('/proc/' + pid + '/comm', 'utf8').startsWith('seamark-forw')) continue
        for (const signal of ['SIGPIPE', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR1']) process.kill(Number(pid), signal)
      }
      for (let at = 0; at < 200; at++) await new Promise((done) => { const socket = to(); socket.on('error', done); socket.on('close', done); socket.on('connect', () => { socket.write('end'); if (at % 2) socket.resetAndDestroy(); else { socket.write('more'); socket.resume() } }) })
      const socket = to()
      socket.write('ping')
      for await (const piece of socket) console.log(piece.toString())`)
    expect(stdout.trim()).toBe('pong')
  })
})
