import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { agentLaunch, MISSING, SILENT } from '../src/launch.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-launch-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
mkdirSync(join(dir, 'tmp'))
mkdirSync(join(dir, 'node_modules/.bin'), { recursive: true })
writeFileSync(join(dir, 'node_modules/.bin/local-agent'), '#!/bin/sh\necho local "$1"\n')
chmodSync(join(dir, 'node_modules/.bin/local-agent'), 0o755)

interface Setting {
  readonly env?: Readonly<Record<string, string>>
  readonly endpoints?: Readonly<Record<string, string>>
  readonly urlArguments?: Readonly<Record<string, string>>
  /** Left open where it is absent. */
  readonly input?: string
}

async function run(argv: readonly string[], { env = {}, endpoints = {}, urlArguments = {}, input }: Setting = {}) {
  const launch = agentLaunch({ argv, env: {}, endpoints, urlArguments, graceSeconds: 0.2 })
  const [program = '', ...args] = launch.argv
  const path = process.env['PATH'] ?? ''
  const child = spawn(program, args, {
    cwd: dir,
    env: { PATH: path, TMPDIR: join(dir, 'tmp'), ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => undefined)
  if (input !== undefined) child.stdin.write(input)
  const [out, code] = await Promise.all([text(child.stdout), new Promise((done) => child.on('close', done))])
  child.stdin.destroy()
  return { out, code }
}

describe('the program of an agent', () => {
  it('gets messages as they are, and the end of its input at a line that is none', async () => {
    const long = `{"a":"${'é\\\\ '.repeat(40_000)}"}\n`
    expect(await run(['cat'], { input: `{"a":"\\n  $x"}\n${long}end\n{"never":1}\n` })).toEqual({
      out: `{"a":"\\n  $x"}\n${long}`,
      code: 0,
    })
    expect(readdirSync(join(dir, 'tmp'))).toEqual([])
  })

  it('keeps its own end where it ends by itself, also while its input is open', async () => {
    expect((await run(['sh', '-c', 'exit 3'])).code).toBe(3)
    expect((await run(['sh', '-c', 'read line; exit 4'], { input: '{}\n' })).code).toBe(4)
    expect((await run(['sh', '-c', 'kill -9 $$'])).code).toBe(137)
  })

  it('ended well where it was told to end, whatever it makes of that', async () => {
    expect(await run(['sh', '-c', 'cat; exit 9'], { input: '{}\nend\n' })).toEqual({ out: '{}\n', code: 0 })
    const deaf = "trap '' TERM; while :; do sleep 0.05; done"
    expect(await run(['sh', '-c', deaf], { input: 'end\n' })).toEqual({ out: '', code: 0 })
  })

  it('is found in the workspace where it is not on the path, and said to be missing where it is nowhere', async () => {
    expect(await run(['local-agent', 'a b'])).toEqual({ out: 'local a b\n', code: 0 })
    expect(await run(['no-such-agent'])).toEqual({ out: `${MISSING}\n`, code: 0 })
  })

  it('is the one on the path where the workspace has one too, which is had by its own path', async () => {
    const bin = join(dir, 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'local-agent'), '#!/bin/sh\necho global "$1"\n', { mode: 0o755 })
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
    expect(await run(['local-agent', 'a'], { env })).toEqual({ out: 'global a\n', code: 0 })
    expect(await run(['./node_modules/.bin/local-agent', 'a'], { env })).toEqual({ out: 'local a\n', code: 0 })
  })

  it('is followed by the servers that said nothing, whatever else is where they are kept', async () => {
    const home = join(dir, 'home')
    const silent = join(home, SILENT)
    mkdirSync(silent, { recursive: true })
    const marks = {
      0: '127',
      1: '',
      2: 'no',
      10: '0',
      3: '007',
      '04': '1',
      '123456': '1',
      'a"b': '1',
      5: '9'.repeat(100),
    }
    for (const [name, code] of Object.entries(marks)) writeFileSync(join(silent, name), code)
    mkdirSync(join(silent, '6'))
    symlinkSync('/nowhere', join(silent, '7'))
    const { out, code } = await run(['sh', '-c', 'printf said; exit 3'], { env: { HOME: home } })
    const [said, line = '', ...more] = out.split('\n')
    expect([said, more, code]).toEqual(['said', [''], 3])
    const { servers, ...rest } = JSON.parse(line)
    expect(rest).toEqual({ seamark: 'silent-servers' })
    expect(servers.toSorted((a: { index: number }, b: { index: number }) => a.index - b.index)).toEqual([
      { index: 0, code: 127 },
      { index: 1, code: null },
      { index: 2, code: null },
      { index: 3, code: null },
      { index: 5, code: 9999 },
      { index: 10, code: 0 },
    ])
  })

  it('has the base URLs of its endpoints, and its own where there is none', async () => {
    const ways = { 'api.example': 'http://127.0.0.1:1/a', '127.0.0.1:8443': 'http://127.0.0.1:2/b' }
    const env = { SEAMARK_ENDPOINTS: JSON.stringify(ways), C: 'own' }
    const endpoints = { A: 'api.example/v1', B: '127.0.0.1:8443', C: 'apixexample' }
    const { out } = await run(['sh', '-c', 'echo "$A $B $C"'], { env, endpoints })
    expect(out).toBe('http://127.0.0.1:1/a/v1 http://127.0.0.1:2/b own\n')
    expect((await run(['sh', '-c', 'echo "$C"'], { endpoints, env: { C: 'own' } })).out).toBe('own\n')
  })

  it('is given them as arguments as well, and none where there is none', async () => {
    const env = { SEAMARK_ENDPOINTS: JSON.stringify({ 'api.example': 'http://127.0.0.1:1/a' }) }
    const endpoints = { A: 'api.example/v1', B: 'other.example', C: 'api.example' }
    const urlArguments = { A: '--config=a b=', B: '--b=' }
    const { out } = await run(['sh', '-c', 'printf "%s|" "$@" "$C"', 'sh', 'x y'], { env, endpoints, urlArguments })
    expect(out).toBe('x y|--config=a b=http://127.0.0.1:1/a/v1|http://127.0.0.1:1/a|')
  })
})
