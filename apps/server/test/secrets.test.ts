import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { redactionTable, streamRedactor } from '@seamark/kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Ended, Place } from './seamark.ts'
import { NODE, place } from './seamark.ts'

const value = 'canary-Zq8/+ä?"-0123456789'
const table = redactionTable([{ name: 'canary', value: Buffer.from(value) }])
let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.remove())

interface Seen extends Ended {
  /** The command lines that the process had while it ran. */
  readonly lines: string
}

/** Runs the command with this on its standard input, and looks at its command line on the way. */
async function given(input: string | Uint8Array, ...argv: string[]): Promise<Seen> {
  const [program, ...rest] = [...NODE, ...argv]
  const { SEAMARK_DATA: _, SEAMARK_CONFIG: __, NODE_OPTIONS: ___, ...env } = process.env
  const child = spawn(program, rest, { cwd: here.dir, env, stdio: 'pipe' })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  // A command that is refused does not read its input.
  child.stdin.on('error', () => undefined)
  const lines = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), lines }
}

/** Whether the value, or an encoding of it, is in a text. */
function holds(text: string | Uint8Array): boolean {
  const redact = streamRedactor(table)
  const bytes = Buffer.from(text)
  return !Buffer.concat([redact.push(bytes), redact.end()]).equals(bytes)
}

function filesBelow(dir: string): readonly string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

const parsed = ({ out }: Ended): unknown => JSON.parse(out)

describe('seamark secrets', { timeout: 120_000 }, () => {
  it('sets, lists, tests and removes, with nothing of the value in what is written', async () => {
    const set = await given(`${value}\n`, 'secrets', 'set', 'github', '--expires', '2999-01-31T12:00Z', '--json')
    expect(set).toMatchObject({ code: 0, err: '' })
    expect(parsed(set)).toMatchObject({ ref: 'github', expiresAt: Date.parse('2999-01-31T12:00Z'), encrypted: false })
    const list = await given('', 'secrets', 'list', '--json')
    expect(parsed(list)).toEqual({ secrets: [parsed(set)] })
    const shown = await given('', 'secrets', 'list')
    expect(shown.out).toMatch(/^github {2}[0-9a-f]{24} {2}set \S+ {2}until 2999-01-31T12:00:00.000Z {2}plain\n$/)
    const test = await given('', 'secrets', 'test', 'github', '--json')
    expect(parsed(test)).toEqual({ ref: 'github', resolved: true })
    const removed = await given('', 'secrets', 'rm', 'github', '--json')
    expect(parsed(removed)).toEqual({ ref: 'github', removed: true })
    const gone = [await given('', 'secrets', 'test', 'github'), await given('', 'secrets', 'rm', 'github')]
    expect(gone.map(({ code }) => code)).toEqual([4, 4])
    for (const { out, err, lines } of [set, list, shown, test, removed, ...gone])
      expect([out, err, lines].map(holds)).toEqual([false, false, false])
    expect(filesBelow(here.data).filter((file) => holds(readFileSync(file)))).toEqual([])
    expect(readdirSync(join(here.data, 'secrets'))).toEqual([])
  })

  it('keeps its folder closed and out of git, and makes none to look', async () => {
    await given('', 'secrets', 'list')
    expect(existsSync(here.data)).toBe(false)
    await given(value, 'secrets', 'set', 'a')
    expect(statSync(join(here.data, 'secrets')).mode & 0o777).toBe(0o700)
    expect(statSync(join(here.data, 'secrets/a.secret')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(here.data, '.gitignore'), 'utf8')).toBe('*\n')
  })

  it('encrypts to an identity, and leaves the value nowhere in the data folder', async () => {
    const key = ['--identity', 'identity']
    const missing = await given(value, 'secrets', 'set', 'a', ...key)
    expect(missing.code).toBe(4)
    const set = await given(value, 'secrets', 'set', 'a', ...key, '--new-identity')
    expect(set).toMatchObject({ code: 0, err: expect.stringMatching(/age1[a-z0-9]+/) })
    expect(set.out + set.err).not.toContain('AGE-SECRET-KEY')
    for (const file of filesBelow(here.data)) {
      const text = readFileSync(file, 'latin1')
      expect([text, ...text.split('\n').map((line) => Buffer.from(line, 'base64'))].some(holds)).toBe(false)
    }
    expect((await given('', 'secrets', 'test', 'a', ...key)).code).toBe(0)
    const refused = [
      await given('', 'secrets', 'test', 'a'),
      await given(value, 'secrets', 'set', 'a'),
      await given(
        value,
        'secrets',
        'set',
        'a',
        '--identity',
        readFileSync(join(here.dir, 'identity'), 'utf8').trim().split('\n')[1]!,
      ),
      await given('', 'secrets', 'test', 'a', '--passphrase'),
      await given('', 'secrets', 'test', 'a', '--passphrase', ...key),
    ]
    expect(refused.map(({ code }) => code)).toEqual([3, 3, 2, 2, 2])
    for (const { out, err } of refused) expect(out + err).not.toMatch(/AGE-SECRET-KEY/)
  })

  it.each([
    ['as an argument', ['a', value]],
    ['after --', ['a', '--', value]],
    ['as an option', ['a', `--${value}`]],
    ['as the value of an option that is not there', ['a', '--value', value]],
    ['joined to it', ['a', `--value=${value}`]],
    ['as the value of a flag', ['a', `--json=${value}`]],
    ['with a dash', ['a', `-${value}`]],
    ['as a key in PEM', ['a', `-----BEGIN PRIVATE KEY-----\n${value}`]],
    ['joined to the name', [`a=${value}`]],
    ['in place of a time', ['a', '--expires', value]],
  ])('refuses a value given %s, and does not repeat it', async (_, argv) => {
    for (const json of [[], ['--json']]) {
      const { code, out, err } = await given('', 'secrets', 'set', ...argv, ...json)
      expect(code).toBe(2)
      expect(out).toBe('')
      expect(holds(err) || err.includes('canary')).toBe(false)
    }
    expect(existsSync(here.data)).toBe(false)
  })

  it.each([
    ['short', 2],
    ['', 2],
    ['\n', 2],
    ['aaaaaaaaaaaaaaaa', 2],
    ['0123456789'.repeat(10_000), 6],
  ])('refuses the value %.20j on standard input', async (input, code) => {
    const ended = await given(input, 'secrets', 'set', 'a')
    expect(ended).toMatchObject({ code, out: '' })
    if (input.trim() !== '') expect(ended.err).not.toContain(input.trim().slice(0, 20))
    expect((await given('', 'secrets', 'list', '--json')).out).toBe('{"secrets":[]}\n')
  })

  it('tells of errors without the value: a damaged file, and one that others may read', async () => {
    await given(value, 'secrets', 'set', 'a')
    await given(value, 'secrets', 'set', 'b')
    const file = join(here.data, 'secrets/a.secret')
    const text = readFileSync(file, 'latin1')
    writeFileSync(file, text.slice(0, -20))
    const damaged = [
      await given('', 'secrets', 'test', 'a', '--json'),
      await given(value, 'secrets', 'set', 'a', '--json'),
      await given('', 'secrets', 'list', '--json'),
    ]
    for (const { code, err } of damaged) {
      expect(code).toBe(10)
      expect(JSON.parse(err)).toMatchObject({
        error: { code: 'INTEGRITY', problems: [{ place: { line: expect.any(Number) }, remedy: expect.any(String) }] },
      })
    }
    expect(JSON.parse(damaged[2]!.out)).toMatchObject({ secrets: [{ ref: 'b' }] })
    writeFileSync(file, text)
    chmodSync(file, 0o644)
    const open = await given('', 'secrets', 'test', 'a')
    expect(open).toMatchObject({ code: 3, err: expect.stringContaining('chmod 600') })
    for (const { out, err } of [...damaged, open]) expect([out, err].map(holds)).toEqual([false, false])
  })
})
