import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '@seamark/kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ageDecrypt } from '../src/age-port.ts'
import { fileSecrets, makeIdentityFile } from '../src/index.ts'
import type { SecretEncryption } from '../src/index.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
const value = Buffer.from('canary-Zq8/+ä?-0123456789')
let parent = ''
let dir = ''
let identityFile = ''
beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'seamark-secrets-'))
  dir = join(parent, 'secrets')
  identityFile = join(parent, 'identity')
  await makeIdentityFile(identityFile)
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))
const store = (encryption: SecretEncryption = { identityFile }) => fileSecrets({ dir, encryption })
const path = () => join(dir, 'a.secret')

describe('secrets under an identity', () => {
  it('leave nothing of the value in the folder, nor of the identity', async () => {
    await store().set('a', value)
    await store().resolve('a')
    const identity = readFileSync(identityFile, 'utf8').split('\n')[1]!
    for (const file of readdirSync(dir)) {
      const lines = readFileSync(join(dir, file), 'latin1').split('\n')
      const text = [...lines, ...lines.map((line) => Buffer.from(line, 'base64').toString('latin1'))].join('\n')
      for (const form of [
        value.toString('latin1'),
        value.toString('base64'),
        value.toString('hex'),
        'canary',
        identity,
      ])
        expect(text).not.toContain(form)
    }
  })

  it('are told of without the identity, and not opened without it', async () => {
    const entry = await store().set('a', value)
    rmSync(identityFile)
    expect(await store().describe('a')).toEqual(entry)
    await expect(store().resolve('a')).rejects.toEqual(code('NOT_FOUND'))
    await expect(fileSecrets({ dir }).resolve('a')).rejects.toEqual(code('FORBIDDEN'))
    await makeIdentityFile(identityFile)
    await expect(store().resolve('a')).rejects.toEqual(code('FORBIDDEN'))
  })

  it('are files of age: the second line opens to the first one and the value', async () => {
    await store().set('a', value)
    const [first = '', second = ''] = readFileSync(path(), 'latin1').split('\n')
    const identities = [readFileSync(identityFile, 'utf8').split('\n')[1]!]
    const opened = await ageDecrypt({ identities }, Buffer.from(second, 'base64'))
    expect(Buffer.from(opened).toString()).toBe(`${first}\n${value.toString()}`)
  })

  it('do not change between plain and encrypted by being set', async () => {
    await store().set('a', value)
    await expect(fileSecrets({ dir }).set('a', value)).rejects.toEqual(code('FORBIDDEN'))
    await fileSecrets({ dir }).set('b', value)
    await expect(store().set('b', value)).rejects.toEqual(code('FORBIDDEN'))
    await expect(store().resolve('b')).rejects.toEqual(code('FORBIDDEN'))
  })

  it('are INTEGRITY where somebody changed what is said of them, with a digest that is right', async () => {
    await store().set('a', value, { expiresAt: Date.now() + 1_000_000 })
    const [first = '', second = ''] = readFileSync(path(), 'latin1').split('\n')
    const text = `${first.replace(/"expiresAt":\d+/, '"expiresAt":9999999999999')}\n${second}\n`
    writeFileSync(path(), `${text}${sha256Hex(Buffer.from(text))}\n`)
    await expect(store().resolve('a')).rejects.toEqual(code('INTEGRITY'))
  })

  it.each(['', '# only a comment\n', 'AGE-SECRET-KEY-1QQQQ\n', 'something else\n'])(
    'are refused with an identity file of %j',
    async (text) => {
      writeFileSync(identityFile, text)
      const error: unknown = await store()
        .set('a', value)
        .catch((thrown: unknown) => thrown)
      expect(error).toEqual(code('INTEGRITY'))
      expect(String(error)).not.toMatch(/QQQQ|something else/)
    },
  )

  it('are refused with an identity that others may read', async () => {
    chmodSync(identityFile, 0o644)
    await expect(store().set('a', value)).rejects.toEqual(code('FORBIDDEN'))
  })
})

describe('an identity file', () => {
  it('is made once, for its owner', async () => {
    const text = readFileSync(identityFile, 'utf8')
    expect(text).toMatch(/^# public key: age1[a-z0-9]+\nAGE-SECRET-KEY-1[A-Z0-9]+\n$/)
    expect(statSync(identityFile).mode & 0o777).toBe(0o600)
    expect(await makeIdentityFile(identityFile)).toBe(false)
    expect(readFileSync(identityFile, 'utf8')).toBe(text)
  })
})

describe('secrets under a passphrase', () => {
  it('are opened by it and by no other, and it is asked for each time', async () => {
    let asked = 0
    const under = (passphrase: string) => store({ passphrase: async () => (asked++, passphrase) })
    await under('burst-swarm-slender-curve').set('a', value)
    expect(Buffer.from((await under('burst-swarm-slender-curve').resolve('a')).value).equals(value)).toBe(true)
    const error: unknown = await under('another-passphrase-here')
      .resolve('a')
      .catch((thrown: unknown) => thrown)
    expect(error).toEqual(code('FORBIDDEN'))
    expect(String(error)).not.toContain('another-passphrase')
    expect(asked).toBe(3)
    await expect(under('').set('b', value)).rejects.toEqual(code('INVALID_INPUT'))
    const cancelled = new Error('cancelled')
    await expect(store({ passphrase: () => Promise.reject(cancelled) }).set('b', value)).rejects.toBe(cancelled)
    expect(readFileSync(path(), 'latin1')).not.toContain('burst')
  })
})
