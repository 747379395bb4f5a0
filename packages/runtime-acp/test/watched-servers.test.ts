import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { watchedServers } from '../src/watched-servers.ts'

const home = mkdtempSync(join(tmpdir(), 'seamark-watched-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const silent = join(home, '.seamark/silent')

/** As an agent starts it, for the first time. */
function start(...argv: readonly [string, ...string[]]) {
  rmSync(silent, { recursive: true, force: true })
  return startAgain(...argv)
}

function startAgain(...argv: readonly [string, ...string[]]) {
  const [command, ...args] = argv
  const { servers, files } = watchedServers([{ name: 'one', command, args, env: [] }], home)
  for (const { path, bytes, mode } of files) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    rmSync(join(home, path), { force: true })
    writeFileSync(join(home, path), bytes, { mode })
  }
  const [server] = servers
  if (server === undefined || !('command' in server)) throw new Error('There is no command.')
  const child = spawn(server.command, server.args, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined)
  const ended = new Promise<number | null>((done) => child.on('close', done))
  return { child, ended, out: text(child.stdout) }
}
const mark = () => readFileSync(join(silent, '0'), 'utf8')
const left = () => readdirSync(silent).filter((name) => /^\d+$/.test(name))

describe('a server of an agent', () => {
  it('has its input and output as they are, and leaves no word where it says something', async () => {
    const said = `{"a":"\\n  $x \\\\ é"}\n${'{"b":"'.padEnd(300_000, 'ü')}"}\nnot ended`
    const { child, ended, out } = start('cat')
    child.stdin.end(said)
    expect(await out).toBe(said)
    expect(await ended).toBe(0)
    expect(left()).toEqual([])
  })

  it.each<[string, [string, ...string[]], number]>([
    ['ends by itself', ['sh', '-c', 'echo no >&2; exit 3'], 3],
    ['says no whole line', ['printf', 'usage'], 0],
    ['is not there', ['no-such-server', 'x'], 127],
    ['may not be started', ['/etc/passwd'], 126],
  ])('that %s leaves word of it', async (_, argv, code) => {
    const { child, ended } = start(...argv)
    child.stdin.end()
    expect(await ended).toBe(code)
    expect([mark(), left()]).toEqual([String(code), ['0']])
  })

  it('that says nothing leaves word of it while it runs, and is ended with what started it', async () => {
    const { child, ended } = start('sh', '-c', 'echo "$$" >&2; exec sleep 600')
    const [first] = await child.stderr.take(1).toArray()
    expect(mark()).toBe('')
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    expect(mark()).toBe('143')
    expect(existsSync(`/proc/${String(first).trim()}`)).toBe(false)
  })

  it('that said something once is no silent one, however it ends when it is started again', async () => {
    for (const begin of [start, startAgain]) {
      const { child, ended } = begin('cat')
      child.stdin.end('{}\n')
      expect(await ended).toBe(0)
    }
    const again = startAgain('sh', '-c', 'exit 3')
    again.child.stdin.end()
    expect([await again.ended, left()]).toEqual([3, []])
  })

  it('that is reached by its URL is left as it is, and so are all without a home', () => {
    const web = { type: 'http' as const, name: 'web', url: 'http://127.0.0.1:1/', headers: [] }
    const own = { name: 'own', command: 'own', args: [], env: [] }
    expect(watchedServers([web], home)).toEqual({ servers: [web], files: [] })
    expect(watchedServers([web, own], undefined)).toEqual({ servers: [web, own], files: [] })
  })
})
