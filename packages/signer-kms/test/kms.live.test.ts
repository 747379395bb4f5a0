import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { registerSuite } from '@seamark/conformance'
import { signerSuite } from '@seamark/conformance/signer'
import { isSeamError } from '@seamark/kit'
import { verifyEd25519 } from '@seamark/log'
import { afterAll, describe, expect, it } from 'vitest'
import { kmsDataKeys, kmsSigner, MAX_ED25519_BYTES } from '../src/index.ts'
import { liveKeys } from './live-keys-port.ts'
import { failing } from './support.ts'

// In a real account, with the credentials that the AWS client finds.
const { AWS_REGION: region } = process.env
if (region === undefined) throw new Error('AWS_REGION says which account and region to use.')
const keys = liveKeys(region)
afterAll(() => keys.dispose())

describe.each([
  ['ECC_NIST_EDWARDS25519', 'log'],
  ['ECC_NIST_P256', 'attestation'],
] as const)('%s', (spec, role) => {
  // One key for all cases: each is paid for.
  let key: Promise<string> | undefined
  const subject = async () => {
    const keyId = await (key ??= keys.create(spec))
    const open = () => kmsSigner({ keyId, role })
    return { seam: open(), reopen: async () => open(), dispose: async () => undefined }
  }
  registerSuite(signerSuite, subject, { describe, it })
})

it('signs with Ed25519 up to the limit, and the signature verifies', async () => {
  const keyId = await keys.create('ECC_NIST_EDWARDS25519')
  const signer = kmsSigner({ keyId, role: 'log' })
  for (const size of [0, 1, 200, MAX_ED25519_BYTES]) {
    const message = randomBytes(size)
    const { signature, keyId: by } = await signer.sign(message)
    expect(by).toBe(keyId)
    expect(verifyEd25519((await signer.publicKey()).bytes, message, signature)).toBe(true)
  }
})

it('signs a digest of anything with ECDSA', async () => {
  const keyId = await keys.create('ECC_NIST_P256')
  const signer = kmsSigner({ keyId, role: 'attestation' })
  const message = randomBytes(100_000)
  const { signature } = await signer.sign(message)
  const { bytes } = await signer.publicKey()
  const publicKey = createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' })
  expect(verify('sha256', message, publicKey, signature)).toBe(true)
  await expect(kmsSigner({ keyId, role: 'log' }).publicKey()).rejects.toEqual(failing('INVALID_INPUT'))
})

it('tells a disabled key, and signs when it is enabled again', async () => {
  const keyId = await keys.create('ECC_NIST_EDWARDS25519')
  const signer = kmsSigner({ keyId, role: 'log' })
  await signer.publicKey()
  const name = () =>
    signer.sign(randomBytes(10)).then(
      () => 'signed',
      (error: unknown) =>
        isSeamError(error) && error.cause instanceof Error && 'name' in error.cause ? error.cause.name : error,
    )
  // KMS is eventually consistent.
  await keys.disable(keyId)
  await expect.poll(name, { timeout: 120_000, interval: 2_000 }).toBe('DisabledException')
  await keys.enable(keyId)
  await expect.poll(name, { timeout: 120_000, interval: 2_000 }).toBe('signed')
})

it('tells a key that is not there, and credentials that are not valid', async () => {
  const keyId = await keys.create('ECC_NIST_EDWARDS25519')
  const gone = keyId.replace(/[^/]*$/, '00000000-0000-0000-0000-000000000000')
  await expect(kmsSigner({ keyId: gone, role: 'log' }).publicKey()).rejects.toEqual(
    expect.objectContaining({ code: expect.stringMatching(/^(NOT_FOUND|FORBIDDEN)$/) }),
  )
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'not-a-secret' }
  await expect(kmsSigner({ keyId, role: 'log', credentials }).publicKey()).rejects.toEqual(
    failing('UNAUTHENTICATED', 'UnrecognizedClientException'),
  )
})

it('gives data keys that open in their context only', async () => {
  const dataKeys = kmsDataKeys({ keyId: await keys.create('SYMMETRIC_DEFAULT') })
  const context = { 'seamark:namespace': 'live', 'seamark:purpose': 'payload' }
  const { plaintext, wrapped } = await dataKeys.generate(context)
  expect([plaintext.length, wrapped.length <= 448]).toEqual([32, true])
  expect(Buffer.compare(await dataKeys.unwrap(wrapped, context), plaintext)).toBe(0)
  await expect(dataKeys.unwrap(wrapped, { ...context, 'seamark:namespace': 'other' })).rejects.toEqual(
    failing('INTEGRITY', 'InvalidCiphertextException'),
  )
})
