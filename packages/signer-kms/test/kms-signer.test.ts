import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { inspect } from 'node:util'
import type { KeyRole } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { signCheckpoint, verifyEd25519 } from '@seamark/log'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kmsSigner, MAX_ED25519_BYTES } from '../src/index.ts'
import { accessTo, failing, freshKms } from './support.ts'

const bytes = Buffer.from('what is signed')
const ED25519 = 'ECC_NIST_EDWARDS25519'

describe('a signer with a key in KMS', () => {
  it('signs with Ed25519 so that the public key verifies, and names the key by its ARN', async () => {
    const kms = await freshKms()
    const arn = kms.createKey(ED25519)
    kms.run('CreateAlias', { AliasName: 'alias/evidence', TargetKeyId: arn })
    const signer = kmsSigner({ ...accessTo(kms, 'alias/evidence'), role: 'log' })
    expect(kms.calls).toEqual([])
    const { signature, algorithm, keyId } = await signer.sign(bytes)
    const publicKey = await signer.publicKey()
    expect([algorithm, keyId, publicKey.keyId, publicKey.bytes.length]).toEqual(['ed25519', arn, arn, 32])
    expect(verifyEd25519(publicKey.bytes, bytes, signature)).toBe(true)
    expect(kms.calls.map(({ operation }) => operation)).toEqual(['GetPublicKey', 'Sign'])
  })

  it('signs checkpoints', async () => {
    const kms = await freshKms()
    const signer = kmsSigner({ ...accessTo(kms, kms.createKey(ED25519)), role: 'log' })
    const head = {
      origin: `seamark.invalid/${'0'.repeat(32)}`,
      size: 0,
      root: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    }
    expect((await signCheckpoint(head, signer)).note).toContain('— seamark.invalid/')
  })

  it('signs anything of any size with ECDSA over its digest', async () => {
    const kms = await freshKms()
    const signer = kmsSigner({ ...accessTo(kms, kms.createKey('ECC_NIST_P256')), role: 'attestation' })
    const key = await signer.publicKey()
    expect(key.algorithm).toBe('ecdsa-p256-sha256')
    const publicKey = createPublicKey({ key: Buffer.from(key.bytes), format: 'der', type: 'spki' })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, 32, 4096, 4097, 300_000), async (size) => {
        const message = randomBytes(size)
        const { signature } = await signer.sign(message)
        expect(verify('sha256', message, publicKey, signature)).toBe(true)
      }),
      { numRuns: 12 },
    )
  })

  it('refuses more than KMS signs with Ed25519, before it asks', async () => {
    const kms = await freshKms()
    const signer = kmsSigner({ ...accessTo(kms, kms.createKey(ED25519)), role: 'log' })
    await expect(signer.sign(randomBytes(MAX_ED25519_BYTES))).resolves.toBeDefined()
    await expect(signer.sign(randomBytes(MAX_ED25519_BYTES + 1))).rejects.toEqual(failing('LIMIT_EXCEEDED'))
    expect(kms.calls.filter(({ operation }) => operation === 'Sign')).toHaveLength(1)
  })

  it.each<[KeyRole, string]>([
    ['log', 'ECC_NIST_P256'],
    ['export', 'ECC_NIST_P256'],
    ['witness', 'ECC_NIST_P256'],
    ['attestation', 'ECC_NIST_P384'],
    ['log', 'SYMMETRIC_DEFAULT'],
  ])('refuses for role %s a key of spec %s', async (role, spec) => {
    const kms = await freshKms()
    const signer = kmsSigner({ ...accessTo(kms, kms.createKey(spec)), role })
    await expect(signer.publicKey()).rejects.toEqual(failing('INVALID_INPUT'))
    await expect(signer.sign(bytes)).rejects.toEqual(failing('INVALID_INPUT'))
  })
})

describe('the pinned key', () => {
  it('is given as DER or as 32 bytes, and another is INTEGRITY', async () => {
    const kms = await freshKms()
    const [one, two] = [kms.createKey(ED25519), kms.createKey(ED25519)]
    const { PublicKey: der } = kms.run('GetPublicKey', { KeyId: one })
    const raw = Buffer.from(String(der), 'base64').subarray(-32).toString('base64')
    for (const publicKey of [String(der), raw]) {
      const signer = (keyId: string) => kmsSigner({ ...accessTo(kms, keyId), role: 'log', publicKey })
      await expect(signer(one).sign(bytes)).resolves.toBeDefined()
      await expect(signer(two).sign(bytes)).rejects.toEqual(failing('INTEGRITY'))
      await expect(signer(two).publicKey()).rejects.toEqual(failing('INTEGRITY'))
    }
  })

  it('is INTEGRITY when the alias moves to another', async () => {
    const kms = await freshKms()
    kms.run('CreateAlias', { AliasName: 'alias/log', TargetKeyId: kms.createKey(ED25519) })
    const signer = kmsSigner({ ...accessTo(kms, 'alias/log'), role: 'log' })
    await signer.sign(bytes)
    kms.run('UpdateAlias', { AliasName: 'alias/log', TargetKeyId: kms.createKey(ED25519) })
    await expect(signer.sign(bytes)).rejects.toEqual(failing('INTEGRITY'))
  })

  it.each([ED25519, 'ECC_NIST_P256'])('of spec %s finds a wrong signature before it is given out', async (spec) => {
    const kms = await freshKms()
    const signer = kmsSigner({ ...accessTo(kms, kms.createKey(spec)), role: 'attestation' })
    kms.fail({ kind: 'wrong-signature', operation: 'Sign' })
    await expect(signer.sign(bytes)).rejects.toEqual(failing('INTEGRITY'))
    await expect(signer.sign(bytes)).resolves.toBeDefined()
  })
})

describe('what goes wrong', () => {
  const setUp = async () => {
    const kms = await freshKms()
    const arn = kms.createKey(ED25519)
    const signer = kmsSigner({ ...accessTo(kms, arn), role: 'log' })
    await signer.publicKey()
    return { kms, arn, signer, fresh: () => kmsSigner({ ...accessTo(kms, arn), role: 'log' }) }
  }

  it('tells a disabled key, which may come back, and signs when it has', async () => {
    const { kms, arn, signer, fresh } = await setUp()
    kms.run('DisableKey', { KeyId: arn })
    const before = kms.calls.length
    await expect(signer.sign(bytes)).rejects.toEqual(failing('UNAVAILABLE', 'DisabledException'))
    expect(kms.calls.length - before).toBe(1)
    await expect(fresh().publicKey()).rejects.toEqual(failing('UNAVAILABLE', 'DisabledException'))
    kms.run('EnableKey', { KeyId: arn })
    await expect(signer.sign(bytes)).resolves.toBeDefined()
  })

  it('tells a key that is to be deleted, and one that is', async () => {
    const { kms, arn, signer } = await setUp()
    kms.run('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 7 })
    const remedy = expect.stringContaining(`aws kms cancel-key-deletion --key-id '${arn}'`)
    await expect(signer.sign(bytes)).rejects.toEqual(
      expect.objectContaining({ code: 'UNAVAILABLE', problems: [expect.objectContaining({ remedy })] }),
    )
    kms.run('CancelKeyDeletion', { KeyId: arn })
    kms.run('EnableKey', { KeyId: arn })
    await expect(signer.sign(bytes)).resolves.toBeDefined()
    const gone = kmsSigner({
      ...accessTo(
        kms,
        arn.replace(/.$/, (end) => (end === '0' ? '1' : '0')),
      ),
      role: 'log',
    })
    await expect(gone.publicKey()).rejects.toEqual(failing('NOT_FOUND', 'NotFoundException'))
  })

  it('names the policy line that is missing', async () => {
    const { kms, arn, signer, fresh } = await setUp()
    for (const [operation, call] of [
      ['Sign', () => signer.sign(bytes)],
      ['GetPublicKey', () => fresh().publicKey()],
    ] as const) {
      const undo = kms.deny({ operation })
      const error: unknown = await call().catch((thrown: unknown) => thrown)
      expect(error).toEqual(failing('FORBIDDEN', 'AccessDeniedException'))
      const remedy = isSeamError(error) ? error.problems[0]?.remedy : undefined
      expect(remedy).toContain(`{"Effect":"Allow","Action":"kms:${operation}","Resource":"${arn}"}`)
      undo()
    }
  })

  it('tells expired, unknown and absent credentials', async () => {
    const { kms, arn } = await setUp()
    const credentials = kms.addCredentials({ temporary: true })
    const signer = kmsSigner({ ...accessTo(kms, arn, { credentials }), role: 'log' })
    await signer.sign(bytes)
    kms.expire(credentials.accessKeyId)
    await expect(signer.sign(bytes)).rejects.toEqual(failing('UNAUTHENTICATED', 'ExpiredTokenException'))
    const stranger = { accessKeyId: 'AKIANOBODY', secretAccessKey: 'a-very-secret-key' }
    const wrong = { ...kms.addCredentials({ temporary: true }), secretAccessKey: 'a-very-secret-key' }
    for (const [given, name] of [
      [stranger, 'UnrecognizedClientException'],
      [wrong, 'InvalidSignatureException'],
      [{ ...credentials, secretAccessKey: 'a-very-secret-key' }, 'ExpiredTokenException'],
    ] as const) {
      const failed: unknown = await kmsSigner({ ...accessTo(kms, arn, { credentials: given }), role: 'log' })
        .publicKey()
        .catch((error: unknown) => error)
      expect(failed).toEqual(failing('UNAUTHENTICATED', name))
      const shown = inspect(failed, { depth: 10, showHidden: true })
      for (const secret of Object.values(given)) if (secret !== given.accessKeyId) expect(shown).not.toContain(secret)
    }
  })

  it('goes on with credentials that are renewed', async () => {
    const { kms, arn } = await setUp()
    let given = kms.addCredentials({ temporary: true })
    // Also where nobody said when they would expire.
    const signer = kmsSigner({ ...accessTo(kms, arn, { credentials: async () => given }), role: 'log' })
    await signer.sign(bytes)
    kms.expire(given.accessKeyId)
    await expect(signer.sign(bytes)).rejects.toEqual(failing('UNAUTHENTICATED', 'ExpiredTokenException'))
    given = kms.addCredentials({ temporary: true })
    await expect(signer.sign(bytes)).resolves.toBeDefined()
  })

  it.each([-20, 20])('tells a clock that is %i minutes off, and goes on', async (minutes) => {
    const kms = await freshKms({ now: () => Date.now() + minutes * 60_000 })
    const signer = kmsSigner({ ...accessTo(kms, kms.createKey(ED25519)), role: 'log' })
    // Other signatures that are not right are UNAUTHENTICATED.
    await expect(signer.publicKey()).rejects.toEqual(failing('UNAVAILABLE', 'InvalidSignatureException'))
    // The client has learned the time of KMS by its refusal.
    await expect(signer.sign(bytes)).resolves.toBeDefined()
  })

  it('tells the wrong region and the wrong endpoint', async () => {
    const { kms, arn } = await setUp()
    expect(() => kmsSigner({ ...accessTo(kms, arn, { region: 'eu-west-1' }), role: 'log' })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
    const id = arn.split('/')[1] ?? ''
    const elsewhere = kmsSigner({ ...accessTo(kms, id, { region: 'eu-west-1' }), role: 'log' })
    await expect(elsewhere.publicKey()).rejects.toEqual(failing('UNAUTHENTICATED', 'InvalidSignatureException'))
    kms.fail({ kind: 'garbage' })
    const login = kmsSigner({ ...accessTo(kms, arn), role: 'log' })
    await expect(login.publicKey()).rejects.toEqual(failing('INVALID_INPUT'))
    const nobody = kmsSigner({ ...accessTo(kms, arn, { endpoint: 'http://127.0.0.1:9' }), role: 'log' })
    await expect(nobody.publicKey()).rejects.toEqual(failing('UNAVAILABLE', 'ECONNREFUSED'))
    for (const endpoint of ['127.0.0.1', 'ftp://127.0.0.1', ''])
      expect(() => kmsSigner({ ...accessTo(kms, arn, { endpoint }), role: 'log' })).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT' }),
      )
  })

  it.each(['', 'key with spaces', 'alias/', 'arn:aws:s3:::bucket', 'arn:aws:kms:us-east-1:1:key/x'])(
    'refuses %j as the name of a key, at once',
    (keyId) => {
      expect(() => kmsSigner({ keyId, role: 'log' })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    },
  )

  it.each([
    'throttle',
    'internal',
    'dependency-timeout',
    'key-unavailable',
    'proxy-error',
    'reset',
    'lost-answer',
    'cut-answer',
  ] as const)('tries again after %s, and says UNAVAILABLE when it does not end', async (kind) => {
    const { kms, signer } = await setUp()
    kms.fail({ kind, times: 3 })
    const before = kms.calls.length
    await expect(signer.sign(bytes)).resolves.toBeDefined()
    expect(kms.calls.length - before).toBe(4)
    const undo = kms.fail({ kind, times: Infinity })
    await expect(signer.sign(bytes)).rejects.toEqual(failing('UNAVAILABLE'))
    expect(kms.calls.length - before).toBe(8)
    undo()
    await expect(signer.sign(bytes)).resolves.toBeDefined()
  })

  it('waits for an answer no longer than it may, and no longer than the caller', async () => {
    const { kms, arn } = await setUp()
    const signer = kmsSigner({ ...accessTo(kms, arn, { timeoutMs: 60, attempts: 2 }), role: 'log' })
    await signer.publicKey()
    const undo = kms.fail({ kind: 'hang', times: 2 })
    await expect(signer.sign(bytes)).rejects.toEqual(failing('UNAVAILABLE', 'ETIMEDOUT'))
    undo()
    kms.fail({ kind: 'hang' })
    const patient = kmsSigner({ ...accessTo(kms, arn), role: 'log' })
    await expect(patient.publicKey({ signal: AbortSignal.timeout(30) })).rejects.toEqual(failing('ABORTED'))
    await expect(signer.sign(bytes, { signal: AbortSignal.abort() })).rejects.toEqual(failing('ABORTED'))
  })
})
