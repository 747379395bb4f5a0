import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  mkdtempSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '@seamark/kit'
import { fileSecrets } from '../src/index.ts'
import type { SecretEntry } from '../src/index.ts'
import { fileNameOf, nameOfFile } from '../src/secret-file.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
const value = Buffer.from('a-value-0123456789')
const other = Buffer.from('another-value-9876')
const root = process.geteuid?.() === 0
let parent = ''
let dir = ''
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'seamark-secrets-'))
  dir = join(parent, 'secrets')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

const store = () => fileSecrets({ dir })
const file = (name: string) => join(dir, fileNameOf(name))
const read = async (name: string) => Buffer.from((await store().resolve(name)).value).toString()
async function listed(): Promise<readonly SecretEntry[]> {
  const entries: SecretEntry[] = []
  for await (const entry of store().list()) entries.push(entry)
  return entries
}

describe('a store in files', () => {
  it('does nothing until first use, and makes nothing to be read', async () => {
    store()
    expect(await listed()).toEqual([])
    expect(await store().describe('a')).toBeUndefined()
    expect(await store().delete('a')).toBe(false)
    expect(existsSync(dir)).toBe(false)
  })

  it('keeps its files from others', async () => {
    await store().set('a', value)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(statSync(file('a')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['a.secret'])
  })

  it('lists names, versions and times, and nothing of a value', async () => {
    const first = await store().set('b', value)
    await store().set('A', value, { expiresAt: Date.now() + 1_000_000 })
    const second = await store().set('b', other)
    const entries = await listed()
    expect(entries.map(({ ref }) => ref)).toEqual(['A', 'b'])
    expect(entries[1]).toEqual(second)
    expect(second.createdAt).toBe(first.createdAt)
    expect(second.version).not.toBe(first.version)
    expect(JSON.stringify(entries)).not.toContain('value')
  })

  it('gives the same value another version each time that it is set', async () => {
    const versions = [await store().set('a', value), await store().set('a', value)].map(({ version }) => version)
    expect(new Set(versions).size).toBe(2)
  })

  it('refuses names and values that it could not keep, and keeps what is there', async () => {
    await store().set('a', value)
    for (const name of ['', '..', '../b', 'a/b', '.hidden', '-x', 'x'.repeat(64)])
      await expect(store().set(name, value)).rejects.toEqual(code('INVALID_INPUT'))
    for (const bad of ['short', '', 'aaaaaaaaaaaaa']) {
      const error: unknown = await store()
        .set('a', Buffer.from(bad))
        .catch((thrown: unknown) => thrown)
      expect(error).toEqual(code('INVALID_INPUT'))
    }
    await expect(store().set('a', Buffer.alloc(70_000, 'abcdef'))).rejects.toEqual(code('LIMIT_EXCEEDED'))
    for (const expiresAt of [0, -1, Number.NaN, 1.5, Date.now() - 1, Number.POSITIVE_INFINITY])
      await expect(store().set('a', value, { expiresAt })).rejects.toEqual(code('INVALID_INPUT'))
    expect(await read('a')).toBe(value.toString())
    expect(readdirSync(dir)).toEqual(['a.secret'])
  })

  it('refuses a value after its end', async () => {
    const expiresAt = Date.now() + 100_000
    await store().set('a', value, { expiresAt })
    const later = fileSecrets({ dir, clock: { now: () => expiresAt, at: () => () => undefined } })
    await expect(later.resolve('a')).rejects.toEqual(code('FORBIDDEN'))
    expect((await later.describe('a'))?.expiresAt).toBe(expiresAt)
  })

  it('replaces the value of a version, and keeps its end', async () => {
    const expiresAt = Date.now() + 60_000
    const { version, createdAt } = await store().set('a', value, { expiresAt })
    const after = await store().replace('a', version, other)
    expect(after).toMatchObject({ createdAt, expiresAt })
    expect(after.version).not.toBe(version)
    expect(await store().describe('a')).toEqual(after)
    expect(await read('a')).toBe(other.toString())
  })

  it('replaces nothing that was set anew or removed meanwhile', async () => {
    const { version } = await store().set('a', value)
    await store().set('a', other)
    await expect(store().replace('a', version, value)).rejects.toEqual(code('CONFLICT'))
    expect(await read('a')).toBe(other.toString())
    await store().delete('a')
    await expect(store().replace('a', version, value)).rejects.toEqual(code('NOT_FOUND'))
    expect(readdirSync(dir)).toEqual([])
    // Removed while the new value is being written.
    const slow = fileSecrets({
      dir,
      clock: {
        ...systemClock,
        now() {
          rmSync(file('b'))
          return Date.now()
        },
      },
    })
    const b = await store().set('b', value)
    await expect(slow.replace('b', b.version, other)).rejects.toEqual(code('NOT_FOUND'))
    expect(readdirSync(dir)).toEqual([])
  })

  it('keeps names apart in file names where case does not count', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(nameOfFile(fileNameOf(a))).toBe(a)
        if (a !== b) expect(fileNameOf(a).toLowerCase()).not.toBe(fileNameOf(b).toLowerCase())
        expect(fileNameOf(a).length).toBeLessThan(200)
      }),
    )
  })
})

describe('what others could have touched is refused', () => {
  it.each([0o640, 0o604, 0o660, 0o644])('a file of mode %o', async (mode) => {
    await store().set('a', value)
    chmodSync(file('a'), mode)
    await expect(store().resolve('a')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      problems: [{ remedy: expect.stringContaining('chmod 600') }],
    })
    chmodSync(file('a'), 0o600)
    expect(await read('a')).toBe(value.toString())
  })

  it.each([0o750, 0o701, 0o777])('a folder of mode %o', async (mode) => {
    await store().set('a', value)
    chmodSync(dir, mode)
    for (const call of [
      () => store().resolve('a'),
      () => store().set('b', value),
      () => store().delete('a'),
      () => listed(),
    ])
      await expect(call()).rejects.toEqual(code('FORBIDDEN'))
    chmodSync(dir, 0o700)
    expect((await listed()).map(({ ref }) => ref)).toEqual(['a'])
  })

  it('a link in place of the file or the folder, and a second name', async () => {
    await store().set('a', value)
    renameSync(file('a'), join(parent, 'moved'))
    symlinkSync(join(parent, 'moved'), file('a'))
    await expect(store().resolve('a')).rejects.toEqual(code('FORBIDDEN'))
    await expect(store().set('a', other)).rejects.toEqual(code('FORBIDDEN'))
    rmSync(file('a'))
    linkSync(join(parent, 'moved'), file('a'))
    await expect(store().resolve('a')).rejects.toEqual(code('FORBIDDEN'))
    rmSync(join(parent, 'moved'))
    expect(await read('a')).toBe(value.toString())
    renameSync(dir, join(parent, 'real'))
    symlinkSync(join(parent, 'real'), dir)
    await expect(store().resolve('a')).rejects.toEqual(code('FORBIDDEN'))
  })

  it('a pipe, which is not waited for, and a folder', async () => {
    mkdirSync(dir, { mode: 0o700 })
    await promisify(execFile)('mkfifo', ['-m', '600', file('a')])
    mkdirSync(file('b'), { mode: 0o700 })
    await expect(store().resolve('a')).rejects.toEqual(code('FORBIDDEN'))
    await expect(store().resolve('b')).rejects.toEqual(code('FORBIDDEN'))
  })

  it.runIf(root)('what another user owns (as root)', async () => {
    await store().set('a', value)
    chownSync(file('a'), 65_534, 65_534)
    await expect(store().resolve('a')).rejects.toEqual(code('FORBIDDEN'))
    chownSync(file('a'), 0, 0)
    chownSync(dir, 65_534, 65_534)
    await expect(store().resolve('a')).rejects.toEqual(code('FORBIDDEN'))
  })
})

describe('a damaged file', () => {
  it('is INTEGRITY with its line wherever a character changed or it was cut, and stays as it is', async () => {
    await store().set('a', value, { expiresAt: Date.now() + 1_000_000 })
    const text = readFileSync(file('a'), 'latin1')
    const changed = Array.from(
      { length: text.length },
      (_, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1),
    )
    const cuts = Array.from({ length: text.length }, (_, at) => text.slice(0, at))
    for (const damaged of [...changed, ...cuts, text + text, `${text} `, `\n${text}`, 'x'.repeat(200_000)]) {
      writeFileSync(file('a'), damaged, 'latin1')
      const error: unknown = await store()
        .resolve('a')
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'INTEGRITY', problems: [{ place: { pointer: '' } }] })
      expect(String(error)).not.toContain(value.toString('base64').slice(0, 8))
    }
    writeFileSync(file('a'), text.slice(0, -5), 'latin1')
    await expect(store().set('a', other)).rejects.toEqual(code('INTEGRITY'))
    expect(readFileSync(file('a'), 'latin1')).toBe(text.slice(0, -5))
  })

  it('takes nothing from others: they resolve, and are listed before it is told', async () => {
    for (const name of ['a', 'b', 'c']) await store().set(name, value)
    writeFileSync(file('b'), 'torn')
    expect(await read('c')).toBe(value.toString())
    const seen: string[] = []
    const all = (async () => {
      for await (const { ref } of store().list()) seen.push(ref)
    })()
    await expect(all).rejects.toEqual(code('INTEGRITY'))
    expect(seen).toEqual(['a', 'c'])
    expect(await store().delete('b')).toBe(true)
    expect((await listed()).map(({ ref }) => ref)).toEqual(['a', 'c'])
  })

  it('of another secret is not taken for this one', async () => {
    await store().set('a', value)
    await store().set('b', other)
    writeFileSync(file('a'), readFileSync(file('b')))
    await expect(store().resolve('a')).rejects.toEqual(code('INTEGRITY'))
  })

  it('of a newer format is told apart', async () => {
    await store().set('a', value)
    const { sha256Hex } = await import('@seamark/kit')
    const [first = '', second = ''] = readFileSync(file('a'), 'latin1').split('\n')
    const text = `${first.replace('/v1', '/v2')}\n${second}\n`
    writeFileSync(file('a'), `${text}${sha256Hex(Buffer.from(text))}\n`)
    await expect(store().resolve('a')).rejects.toEqual(code('UNSUPPORTED'))
  })
})

describe('several writers', () => {
  const program = (
    body: string,
  ) => `import { fileSecrets } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
    const store = fileSecrets({ dir: ${JSON.stringify(dir)} })
    ${body}`
  const run = (body: string) => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(body)])

  it('lose nothing, and readers see whole values only', async () => {
    await store().set('shared', Buffer.from('the-value-w0-0000000000'))
    const writers = [1, 2, 3].map((writer) =>
      run(`for (let n = 0; n < 15; n++) {
        await store.set('own-${writer}-' + n, Buffer.from('value-of-${writer}-' + n))
        await store.set('shared', Buffer.from('the-value-w${writer}-' + String(n).repeat(400)))
      }`),
    )
    let writing = true
    const done = Promise.all(writers).finally(() => (writing = false))
    while (writing) expect(await read('shared')).toMatch(/^the-value-w(?:0-0{10}|[123]-\d+)$/)
    await done
    const names = (await listed()).map(({ ref }) => ref)
    expect(names).toHaveLength(46)
    for (const writer of [1, 2, 3])
      for (let n = 0; n < 15; n++) expect(await read(`own-${writer}-${n}`)).toBe(`value-of-${writer}-${n}`)
    expect(await read('shared')).toMatch(/^the-value-w[123]-\d+$/)
    expect(readdirSync(dir)).toHaveLength(46)
  })

  it('leave no half when they are killed, and the next one takes away what they left', async () => {
    await store().set('a', value)
    const left = join(dir, `.${'0'.repeat(24)}.tmp`)
    writeFileSync(left, 'half', { mode: 0o600 })
    expect((await listed()).map(({ ref }) => ref)).toEqual(['a'])
    await store().set('b', value)
    expect(existsSync(left)).toBe(true)
    utimesSync(left, new Date(Date.now() - 120_000), new Date(Date.now() - 120_000))
    await store().delete('b')
    expect(readdirSync(dir)).toEqual(['a.secret'])
  })
})
