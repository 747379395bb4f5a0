import { createHash, generateKeyPairSync } from 'node:crypto'
import { execFile, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { verifyEd25519 } from '@seamark/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localSigner } from '../src/index.ts'

const data = Buffer.from('what is signed')
const code = (expected: string) => expect.objectContaining({ code: expected })
let dir: string
let path: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'seamark-signer-'))
  path = join(dir, 'keys', 'log.pem')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('a local signer', () => {
  it('does nothing until first use', async () => {
    localSigner({ path, role: 'log' })
    expect(await readdir(dir)).toEqual([])
  })

  it('signs so that the public key verifies, after a restart too', async () => {
    const first = localSigner({ path, role: 'log' })
    const { signature, algorithm, keyId } = await first.sign(data)
    const publicKey = await localSigner({ path, role: 'log' }).publicKey()
    expect(algorithm).toBe('ed25519')
    expect(publicKey.keyId).toBe(keyId)
    expect(verifyEd25519(publicKey.bytes, data, signature)).toBe(true)
    expect(keyId).toBe(createHash('sha256').update(publicKey.bytes).digest('hex').slice(0, 32))
  })

  it('keeps its key from others', async () => {
    await localSigner({ path, role: 'log' }).publicKey()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(dir, 'keys'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(dir, 'keys'))).toEqual(['log.pem'])
  })

  it('ends with one key when many begin at once', async () => {
    const ids = await Promise.all(
      Array.from({ length: 16 }, async () => (await localSigner({ path, role: 'log' }).publicKey()).keyId),
    )
    expect(new Set(ids).size).toBe(1)
  })

  it('ends with one key when several processes begin at once', async () => {
    const source = `import { localSigner } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
      const key = await localSigner({ path: ${JSON.stringify(path)}, role: 'log' }).publicKey()
      process.stdout.write(key.keyId)`
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', source])
    const ids = (await Promise.all([run(), run(), run(), run()])).map(({ stdout }) => stdout)
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(ids).size).toBe(1)
  })

  it.each([0o640, 0o604, 0o660, 0o644])('refuses a file with mode %o', async (mode) => {
    await localSigner({ path, role: 'log' }).publicKey()
    await chmod(path, mode)
    await expect(localSigner({ path, role: 'log' }).sign(data)).rejects.toEqual(code('FORBIDDEN'))
    await chmod(path, 0o600)
    await expect(localSigner({ path, role: 'log' }).sign(data)).resolves.toBeDefined()
  })

  it('refuses a file in which any character changed', async () => {
    await localSigner({ path, role: 'log' }).publicKey()
    const text = await readFile(path, 'latin1')
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A'
      await writeFile(path, text.slice(0, at) + other + text.slice(at + 1), 'latin1')
      await expect(localSigner({ path, role: 'log' }).publicKey(), `character ${at}`).rejects.toEqual(code('INTEGRITY'))
    }
  })

  it('refuses what is cut short, empty, too long, doubled or no file', async () => {
    await localSigner({ path, role: 'log' }).publicKey()
    const text = await readFile(path, 'latin1')
    for (const other of ['', text.slice(0, -1), text.slice(0, 60), text + text, text + ' '.repeat(20_000)]) {
      await writeFile(path, other, 'latin1')
      await expect(localSigner({ path, role: 'log' }).publicKey()).rejects.toEqual(code('INTEGRITY'))
      expect(await readFile(path, 'latin1')).toBe(other)
    }
  })

  it('refuses a key of another role, and of another kind', async () => {
    await localSigner({ path, role: 'log' }).publicKey()
    await expect(localSigner({ path, role: 'export' }).publicKey()).rejects.toEqual(code('INTEGRITY'))
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const other = join(dir, 'p256.pem')
    await writeFile(other, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    await expect(localSigner({ path: other, role: 'log' }).publicKey()).rejects.toEqual(code('INTEGRITY'))
  })

  it('with a pinned key makes nothing, and refuses another', async () => {
    const { keyId } = await localSigner({ path: join(dir, 'other.pem'), role: 'log' }).publicKey()
    await expect(localSigner({ path, role: 'log', keyId }).publicKey()).rejects.toEqual(code('NOT_FOUND'))
    expect(await readdir(dir)).toEqual(['other.pem'])
    await localSigner({ path, role: 'log' }).publicKey()
    await expect(localSigner({ path, role: 'log', keyId }).publicKey()).rejects.toEqual(code('INTEGRITY'))
    await expect(localSigner({ path: join(dir, 'other.pem'), role: 'log', keyId }).publicKey()).resolves.toBeDefined()
  })

  it('tries again after a failure, and stops on request', async () => {
    await writeFile(join(dir, 'keys'), 'a file where the folder should be')
    const signer = localSigner({ path, role: 'log' })
    await expect(signer.publicKey()).rejects.toEqual(code('INVALID_INPUT'))
    await rm(join(dir, 'keys'))
    await expect(signer.publicKey()).resolves.toBeDefined()
    await expect(signer.sign(data, { signal: AbortSignal.abort() })).rejects.toEqual(code('ABORTED'))
  })
})

const openssl = spawnSync('openssl', ['version']).status === 0

describe.skipIf(!openssl)('openssl (where it is installed)', () => {
  const run = (...args: string[]) => spawnSync('openssl', args)

  it('reads the key file and verifies a signature', async () => {
    const signer = localSigner({ path, role: 'export' })
    const { signature } = await signer.sign(data)
    await writeFile(join(dir, 'data'), data)
    await writeFile(join(dir, 'signature'), signature)
    await writeFile(join(dir, 'public.pem'), run('pkey', '-in', path, '-pubout').stdout)
    const verify = ['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', join(dir, 'public.pem')]
    const verified = run(...verify, '-in', join(dir, 'data'), '-sigfile', join(dir, 'signature'))
    expect(verified.status).toBe(0)
    await writeFile(join(dir, 'data'), 'something else')
    expect(run(...verify, '-in', join(dir, 'data'), '-sigfile', join(dir, 'signature')).status).not.toBe(0)
  })

  it('makes keys that are read', async () => {
    const own = join(dir, 'own.pem')
    await writeFile(own, run('genpkey', '-algorithm', 'ed25519').stdout, { mode: 0o600 })
    const signer = localSigner({ path: own, role: 'log' })
    const { signature } = await signer.sign(data)
    expect(verifyEd25519((await signer.publicKey()).bytes, data, signature)).toBe(true)
  })
})
