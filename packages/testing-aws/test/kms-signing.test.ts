import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startKms } from '../src/index.ts'
import type { KmsServer } from '../src/index.ts'
import { clientOf, CreateKeyCommand, GetPublicKeyCommand, SignCommand, VerifyCommand } from './kms-client-port.ts'
import type { KeySpec, KMSClient, SignCommandInput, SigningAlgorithmSpec } from './kms-client-port.ts'

let kms: KmsServer
let client: KMSClient
beforeAll(async () => {
  kms = await startKms()
  client = clientOf(kms)
})
afterAll(async () => {
  client.destroy()
  await kms.close()
})

async function keyOf(spec: KeySpec) {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' }))
  const KeyId = KeyMetadata?.Arn
  const answer = await client.send(new GetPublicKeyCommand({ KeyId }))
  const publicKey = createPublicKey({ key: Buffer.from(answer.PublicKey ?? []), format: 'der', type: 'spki' })
  return { KeyId, publicKey, answer }
}
const code = (input: SignCommandInput) =>
  client.send(new SignCommand(input)).then(
    () => 'signed',
    (error: unknown) => (error instanceof Error ? error.name : error),
  )

describe('Ed25519', () => {
  it('signs whole messages of 0 to 4,096 bytes as RFC 8032 has it', async () => {
    const { KeyId, publicKey, answer } = await keyOf('ECC_NIST_EDWARDS25519')
    expect(answer).toMatchObject({
      KeySpec: 'ECC_NIST_EDWARDS25519',
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
    })
    for (const size of [0, 1, 300, 4096]) {
      const Message = randomBytes(size)
      const { Signature = new Uint8Array(), KeyId: signer } = await client.send(
        new SignCommand({ KeyId, Message, SigningAlgorithm: 'ED25519_SHA_512', MessageType: 'RAW' }),
      )
      expect(signer).toBe(KeyId)
      expect(verify(null, Message, publicKey, Signature)).toBe(true)
      const again = { KeyId, Message, Signature, SigningAlgorithm: 'ED25519_SHA_512' } as const
      expect((await client.send(new VerifyCommand(again))).SignatureValid).toBe(true)
    }
  })

  it('refuses what AWS refuses', async () => {
    const { KeyId } = await keyOf('ECC_NIST_EDWARDS25519')
    const Message = randomBytes(64)
    const base = { KeyId, Message, SigningAlgorithm: 'ED25519_SHA_512' } as const
    expect(await code({ ...base, MessageType: 'DIGEST' })).toBe('ValidationException')
    expect(await code({ ...base, SigningAlgorithm: 'ED25519_PH_SHA_512', MessageType: 'RAW' })).toBe(
      'ValidationException',
    )
    expect(await code({ ...base, SigningAlgorithm: 'ECDSA_SHA_256' })).toBe('InvalidKeyUsageException')
    expect(await code({ ...base, Message: randomBytes(4097) })).toBe('ValidationException')
    expect(await code({ ...base, KeyId: undefined })).toBe('ValidationException')
  })
})

describe('ECDSA', () => {
  it.each<[KeySpec, SigningAlgorithmSpec, string]>([
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
    ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384'],
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'sha256'],
  ])('of %s signs messages and digests alike, in DER', async (spec, SigningAlgorithm, hash) => {
    const { KeyId, publicKey } = await keyOf(spec)
    const message = randomBytes(500)
    const digest = createHash(hash).update(message).digest()
    for (const [MessageType, Message] of [
      ['RAW', message],
      ['DIGEST', digest],
    ] as const) {
      const { Signature = new Uint8Array() } = await client.send(
        new SignCommand({ KeyId, Message, MessageType, SigningAlgorithm }),
      )
      expect(verify(hash, message, publicKey, Signature)).toBe(true)
      for (const [type, body] of [
        ['RAW', message],
        ['DIGEST', digest],
      ] as const)
        expect(
          await client.send(
            new VerifyCommand({ KeyId, Message: body, MessageType: type, SigningAlgorithm, Signature }),
          ),
        ).toMatchObject({ SignatureValid: true })
      const other = Uint8Array.from(Signature)
      other[other.length - 1] = (other.at(-1) ?? 0) ^ 1
      await expect(
        client.send(
          new VerifyCommand({ KeyId, Message: digest, MessageType: 'DIGEST', SigningAlgorithm, Signature: other }),
        ),
      ).rejects.toMatchObject({ name: 'KMSInvalidSignatureException' })
    }
  })

  it('signs 100 digests that all verify', async () => {
    const { KeyId, publicKey } = await keyOf('ECC_NIST_P256')
    for (let count = 0; count < 100; count++) {
      const message = randomBytes(count)
      const Message = createHash('sha256').update(message).digest()
      const { Signature = new Uint8Array() } = await client.send(
        new SignCommand({ KeyId, Message, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' }),
      )
      expect(verify('sha256', message, publicKey, Signature)).toBe(true)
    }
  })

  it('refuses a digest of another length', async () => {
    const { KeyId } = await keyOf('ECC_NIST_P256')
    const base = { KeyId, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' } as const
    for (const size of [0, 31, 33, 64])
      expect(await code({ ...base, Message: randomBytes(size) })).toBe('ValidationException')
  })
})

describe('a key for encryption', () => {
  it('signs nothing and has no public key', async () => {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata?.KeyId
    expect(await code({ KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' })).toBe(
      'InvalidKeyUsageException',
    )
    await expect(client.send(new GetPublicKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    })
  })
})
