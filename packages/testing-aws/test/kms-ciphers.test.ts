import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startKms } from '../src/index.ts'
import type { KmsServer } from '../src/index.ts'
import {
  clientOf,
  CreateKeyCommand,
  DecryptCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
} from './kms-client-port.ts'
import type { DecryptCommandInput, KMSClient } from './kms-client-port.ts'

let now = Date.now()
let kms: KmsServer
let client: KMSClient
beforeAll(async () => {
  kms = await startKms({ now: () => now })
  client = clientOf(kms)
})
afterAll(async () => {
  client.destroy()
  await kms.close()
})
const create = async () => (await client.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!
const context = { namespace: 'default', purpose: 'payload' }
const failure = (input: DecryptCommandInput) =>
  client.send(new DecryptCommand(input)).then(
    () => 'decrypted',
    (error: unknown) => (error instanceof Error ? error.name : error),
  )

describe('encryption', () => {
  it('gives back what went in, only with the same context, in any order of its pairs', async () => {
    const KeyId = await create()
    const Plaintext = randomBytes(4096)
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext: context }))
    const turned = { purpose: 'payload', namespace: 'default' }
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: turned }))
    expect(opened.KeyId).toBe(KeyId)
    expect(Buffer.from(opened.Plaintext ?? []).equals(Plaintext)).toBe(true)
    for (const EncryptionContext of [
      {},
      { namespace: 'default' },
      { ...context, more: 'x' },
      { ...context, purpose: 'blob' },
    ])
      expect(await failure({ CiphertextBlob, EncryptionContext })).toBe('InvalidCiphertextException')
  })

  it('notices every bit that changed', async () => {
    const KeyId = await create()
    const { CiphertextBlob = new Uint8Array() } = await client.send(
      new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret') }),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(CiphertextBlob.length * 8 - 1), async (bit) => {
        const changed = Uint8Array.from(CiphertextBlob)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(await failure({ CiphertextBlob: changed })).toBe('InvalidCiphertextException')
      }),
      { numRuns: 60 },
    )
    expect(await failure({ CiphertextBlob: CiphertextBlob.subarray(1) })).toBe('InvalidCiphertextException')
  })

  it('refuses too much, nothing, and the wrong key', async () => {
    const [KeyId, other] = [await create(), await create()]
    for (const size of [0, 4097])
      await expect(client.send(new EncryptCommand({ KeyId, Plaintext: randomBytes(size) }))).rejects.toMatchObject({
        name: 'ValidationException',
      })
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    expect(await failure({ CiphertextBlob, KeyId: other })).toBe('IncorrectKeyException')
    await client.send(new DisableKeyCommand({ KeyId }))
    expect(await failure({ CiphertextBlob })).toBe('DisabledException')
    await client.send(new EnableKeyCommand({ KeyId }))
    expect(await failure({ CiphertextBlob, KeyId })).toBe('decrypted')
  })

  it('gives data keys that decrypt to themselves', async () => {
    const KeyId = await create()
    const { Plaintext, CiphertextBlob } = await client.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: context }),
    )
    expect(Plaintext?.length).toBe(32)
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }))
    expect(opened.Plaintext).toEqual(Plaintext)
    const bare = await client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 7 }))
    expect('Plaintext' in bare).toBe(false)
    expect((await client.send(new DecryptCommand({ CiphertextBlob: bare.CiphertextBlob }))).Plaintext?.length).toBe(7)
    await expect(client.send(new GenerateDataKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })

  it('moves a blob to another key and context', async () => {
    const [from, to] = [await create(), await create()]
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId: from, Plaintext: Buffer.from('moved'), EncryptionContext: context }),
    )
    const moved = await client.send(
      new ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: context,
        DestinationKeyId: to,
        DestinationEncryptionContext: { new: 'yes' },
      }),
    )
    expect(moved).toMatchObject({ SourceKeyId: from, KeyId: to })
    const opened = await client.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { new: 'yes' } }),
    )
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('moved')
  })

  it('keeps old blobs readable when keys are rotated, on demand and by time', async () => {
    const KeyId = await create()
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('old') }))
    await client.send(new RotateKeyOnDemandCommand({ KeyId }))
    await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    now += 181 * 86_400_000
    // Its clock moved half a year: the client must follow before it is believed.
    await client.send(new DecryptCommand({ CiphertextBlob })).catch(() => undefined)
    expect(await failure({ CiphertextBlob })).toBe('decrypted')
    expect((await client.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled).toBe(true)
    expect((await client.send(new ListKeyRotationsCommand({ KeyId }))).Rotations?.map((r) => r.RotationType)).toEqual([
      'ON_DEMAND',
      'AUTOMATIC',
      'AUTOMATIC',
    ])
  })
})
