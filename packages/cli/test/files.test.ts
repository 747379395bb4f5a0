import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parsePlan, planJsonSchema } from '@seamark/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBundle, writeFolder, writeWhole } from '../src/bundle-files.ts'
import { runCli } from '../src/cli.ts'
import type { CliContext } from '../src/command.ts'
import { planText } from '../src/first-plan/plan-text.ts'
import { applyPatch } from '../src/git-apply.ts'
import { readServiceFile, serviceFilePath } from '../src/service-file.ts'
import { style } from '../src/style.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-cli-unit-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function context(): CliContext & { readonly written: () => string } {
  let text = ''
  const never = () => Promise.reject(new Error('This command needs no service.'))
  return {
    written: () => text,
    host: { serve: never, startInProcess: never, migrate: never, secrets: never },
    io: {
      out: async (bytes) => void (text += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
      err: (said) => void (text += said),
      lost: new AbortController().signal,
      lostFor: () => undefined,
      interactive: false,
      size: () => ({ columns: 80, rows: 24 }),
      style: style(false),
      errStyle: style(false),
    },
    env: { noColor: true, dumb: false },
    cwd: dir,
    version: '1.2.3',
  }
}

describe('init', () => {
  it('writes a plan that is valid, and never overwrites', async () => {
    for (const repository of [true, false]) {
      const deployment = { queues: ['default'], executors: [{ name: 'sandbox' }], runtimes: ['command'] }
      const text = planText({ command: 'seamark run seamark.yaml', inRepository: repository, projects: [] })
      expect(parsePlan(text, { format: 'yaml', deployment })).toMatchObject({ ok: true })
    }
    mkdirSync(join(dir, '.git'))
    writeFileSync(join(dir, '.gitignore'), 'x')
    const first = context()
    expect(await runCli(['init', '--json'], first)).toBe(0)
    expect(JSON.parse(first.written())).toEqual({
      created: ['seamark.yaml', 'seamark.schema.json', '.gitignore'],
      kept: [],
      projects: [],
    })
    expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('x\n.seamark/\n')
    // The line that editors read names the file that is there.
    const [, named = ''] =
      /^# yaml-language-server: \$schema=(.*)$/m.exec(readFileSync(join(dir, 'seamark.yaml'), 'utf8')) ?? []
    expect(JSON.parse(readFileSync(join(dir, named), 'utf8'))).toEqual(planJsonSchema())
    writeFileSync(join(dir, 'seamark.yaml'), 'mine')
    const second = context()
    expect(await runCli(['init', '--json'], second)).toBe(0)
    expect(JSON.parse(second.written())).toEqual({
      created: [],
      kept: ['seamark.yaml', 'seamark.schema.json', '.gitignore'],
      projects: [],
    })
    expect(readFileSync(join(dir, 'seamark.yaml'), 'utf8')).toBe('mine')
  })
})

describe('dispatch', () => {
  it.each([
    [[], 0],
    [['--help'], 0],
    [['--version'], 0],
    [['help', 'run'], 0],
    [['evidence', 'export', '--help'], 0],
    [['nothing'], 2],
    [['keys'], 2],
    [['verify', 'missing.tar', '--trust', 'missing.json'], 4],
  ])('%j exits %i', async (argv, code) => {
    expect(await runCli(argv, context())).toBe(code)
  })
})

describe('applyPatch', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: dir, encoding: 'utf8' })

  it('applies all of it or nothing', async () => {
    git('init', '-q')
    writeFileSync(join(dir, 'a'), 'one\n')
    writeFileSync(join(dir, 'b'), 'one\n')
    git('add', '.')
    git('commit', '-q', '-m', 'x')
    writeFileSync(join(dir, 'a'), 'two\n')
    writeFileSync(join(dir, 'b'), Buffer.from([0, 1, 2, 255]))
    const patch = Buffer.from(execFileSync('git', ['diff', '--binary'], { cwd: dir }))
    git('checkout', '-q', '.')
    await applyPatch(dir, patch)
    expect(readFileSync(join(dir, 'b'))).toEqual(Buffer.from([0, 1, 2, 255]))
    git('checkout', '-q', '.')
    writeFileSync(join(dir, 'b'), 'other\n')
    await expect(applyPatch(dir, patch)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('b'),
    })
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('one\n')
  })

  it('needs a working copy', async () => {
    await expect(applyPatch(join(dir, 'none'), Buffer.from('x'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(applyPatch(dir, Buffer.from('x'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('bundle files', () => {
  async function* bytes(...chunks: string[]) {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }

  it('come in their order, strangers and links last and without content', async () => {
    for (const name of ['records.jsonl', 'manifest.json', 'zzz', 'checkpoint']) writeFileSync(join(dir, name), name)
    symlinkSync('/etc/passwd', join(dir, 'proof.bin'))
    const seen: [string, number][] = []
    for await (const { path, size } of await openBundle(dir)) seen.push([path, size])
    expect(seen).toEqual([
      ['manifest.json', 13],
      ['checkpoint', 10],
      ['proof.bin', 0],
      ['records.jsonl', 13],
      ['zzz', 3],
    ])
  })

  it('are written whole or not at all, and never outside', async () => {
    async function* torn() {
      yield Buffer.from('half')
      throw new Error('cut')
    }
    await expect(writeWhole(join(dir, 'x.tar'), torn())).rejects.toMatchObject({
      code: 'INTERNAL',
      cause: { message: 'cut' },
    })
    expect(existsSync(join(dir, 'x.tar'))).toBe(false)
    async function* outside() {
      yield { path: '../escaped', size: 1, body: bytes('x') }
    }
    await expect(writeFolder(join(dir, 'out'), outside())).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(existsSync(join(dir, 'escaped'))).toBe(false)
  })
})

describe('the file that says where a service is', () => {
  it('may be absent, and is refused where it is something else', async () => {
    expect(await readServiceFile(dir)).toBeUndefined()
    const socket = join(dir, 's')
    writeFileSync(serviceFilePath(dir), JSON.stringify({ pid: 1, socket, as: 'seamark serve' }))
    expect(await readServiceFile(dir)).toMatchObject({ pid: 1, socket })
    writeFileSync(serviceFilePath(dir), '[]')
    await expect(readServiceFile(dir)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
