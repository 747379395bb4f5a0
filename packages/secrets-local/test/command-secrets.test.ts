import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandSecrets, environmentSecrets } from '../src/index.ts'
import type { CommandSecretsOptions } from '../src/index.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-secrets-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const sh = (script: string, ...args: string[]) => ['/bin/sh', '-c', script, ...args]
const one = (argv: readonly string[], more: Partial<CommandSecretsOptions> = {}) =>
  commandSecrets({ commands: { a: argv }, ...more })
const text = async (argv: readonly string[], more: Partial<CommandSecretsOptions> = {}) =>
  Buffer.from((await one(argv, more).resolve('a')).value).toString()

describe('a command', () => {
  it('gets its arguments as they are, with no shell in between', async () => {
    expect(await text(['/usr/bin/printf', '%s', '$(id) `id` ; | "x" *'])).toBe('$(id) `id` ; | "x" *')
  })

  it('loses one line end after the value and no more', async () => {
    expect(await text(['/usr/bin/printf', 'value\\n\\n'])).toBe('value\n')
    expect(await text(['/usr/bin/printf', 'value\\r\\n'])).toBe('value')
    expect(await text(['/usr/bin/printf', 'value'])).toBe('value')
  })

  it('gets no variable but what is named, no input and no folder of ours', async () => {
    process.env['SEAMARK_CANARY'] = 'leaked'
    try {
      const environment = { PATH: '/usr/bin:/bin', OTHER: 'x', NAMED: 'y' }
      const seen = await text(['/usr/bin/env'], { environment, pass: ['NAMED', 'MISSING', 'constructor'] })
      expect(seen).toBe('NAMED=y')
      expect(await text(sh('pwd; cat; echo end'))).toBe('/\nend')
    } finally {
      delete process.env['SEAMARK_CANARY']
    }
  })

  it('that fails is UNAVAILABLE, with nothing that it wrote', async () => {
    for (const argv of [
      sh('echo canary-out; echo canary-err >&2; exit 3'),
      sh('kill -9 $$'),
      ['/no/such/program'],
      ['/usr/bin/true'],
    ]) {
      const error: unknown = await one(argv)
        .resolve('a')
        .catch((thrown: unknown) => thrown)
      expect(error).toEqual(code('UNAVAILABLE'))
      expect(inspect(error, { depth: 10 })).not.toContain('canary')
    }
  })

  it('that can not be started is UNAVAILABLE, with nothing of its arguments and variables', async () => {
    const environment = { A: 'canary\0a', B: 'canary'.repeat(1_000_000) }
    for (const pass of [['A'], ['B']]) {
      const error: unknown = await one(['/usr/bin/true'], { environment, pass })
        .resolve('a')
        .catch((thrown: unknown) => thrown)
      expect(error).toEqual(code('UNAVAILABLE'))
      expect(inspect(error, { depth: 10 })).not.toContain('canary')
    }
  })

  it('that says that there is none is NOT_FOUND', async () => {
    const absent = one(sh('exit 44'), { absentExitCode: 44 })
    await expect(absent.resolve('a')).rejects.toEqual(code('NOT_FOUND'))
    expect(await absent.describe('a')).toBeUndefined()
    expect(absent.guarantees).toMatchObject({ removal: { value: true } })
    expect(one(sh('exit 44')).guarantees).toMatchObject({ removal: { value: false } })
    await expect(one(sh('exit 43'), { absentExitCode: 44 }).describe('a')).rejects.toEqual(code('UNAVAILABLE'))
  })

  it('that takes too long is ended, with all that it started', async () => {
    const mark = join(dir, 'late')
    const started = performance.now()
    const argv = sh('(sleep 1; touch "$0") & sleep 30', mark)
    await expect(one(argv, { timeoutMs: 200 }).resolve('a')).rejects.toEqual(code('TIMEOUT'))
    expect(performance.now() - started).toBeLessThan(5_000)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    await expect(one(argv).resolve('a', { signal: stop.signal })).rejects.toEqual(code('ABORTED'))
    await sleep(1_500)
    expect(existsSync(mark)).toBe(false)
  })

  it('that writes without end is ended', async () => {
    await expect(one(['/usr/bin/yes']).resolve('a')).rejects.toEqual(code('LIMIT_EXCEEDED'))
    await expect(one(['/usr/bin/printf', '123456789'], { maxBytes: 8 }).resolve('a')).rejects.toEqual(
      code('LIMIT_EXCEEDED'),
    )
    expect(await text(['/usr/bin/printf', '12345678\\n'], { maxBytes: 8 })).toBe('12345678')
  })

  it('has no secret in its command line, nor in the environment of others', async () => {
    const seen = await text(sh('cat /proc/$$/cmdline | tr "\\0" " "; cat /proc/$$/environ'))
    expect(seen).not.toContain('SEAMARK')
    expect(readFileSync('/proc/self/cmdline', 'utf8')).not.toContain('canary')
  })

  it.each<[string, Partial<CommandSecretsOptions>]>([
    ['a path that is not absolute', { commands: { a: ['printf', 'x'] } }],
    ['no program', { commands: { a: [] } }],
    ['a NUL', { commands: { a: ['/bin/echo', 'a\0b'] } }],
    ['a name that is none', { commands: { 'a/b': ['/bin/echo'] } }],
    ['no time', { timeoutMs: 0 }],
    ['time without end', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['too much output', { maxBytes: 1_000_000 }],
    ['an exit code of 0', { absentExitCode: 0 }],
  ])('is refused with %s', (_, more) => {
    expect(() => commandSecrets({ commands: {}, ...more })).toThrow(code('INVALID_INPUT'))
  })
})

describe('an environment', () => {
  it('is read by the names that are mapped, and by no other', async () => {
    const seam = environmentSecrets({
      environment: { A: 'value-a', B: 'value-b' },
      variables: { a: 'A', gone: 'C', odd: 'toString' },
    })
    expect(Buffer.from((await seam.resolve('a')).value).toString()).toBe('value-a')
    for (const ref of ['B', 'b', 'A', 'gone', 'odd', 'toString'])
      await expect(seam.resolve(ref)).rejects.toEqual(code('NOT_FOUND'))
    expect(() => environmentSecrets({ environment: {}, variables: { 'not a name': 'A' } })).toThrow(
      code('INVALID_INPUT'),
    )
  })

  it('counts an empty variable as not set', async () => {
    const seam = environmentSecrets({ environment: { A: '' }, variables: { a: 'A' } })
    await expect(seam.resolve('a')).rejects.toEqual(code('NOT_FOUND'))
    expect(await seam.describe('a')).toBeUndefined()
  })
})
