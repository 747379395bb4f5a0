import { createHash, createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto'
import { expect } from 'vitest'
import * as kms from './kms-client-port.ts'

/** Calls whose outcomes are compared, by what they are about. */
export const calls: Readonly<Record<string, (client: kms.KMSClient) => Promise<unknown>>> = {
  async 'a new symmetric key'(client) {
    const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({ Description: 'd' }))
    const { KeyId, Arn, AWSAccountId, CreationDate, CurrentKeyMaterialId, ...rest } = KeyMetadata!
    return {
      ...rest,
      id: shape(KeyId),
      arn: shape(Arn),
      account: AWSAccountId?.length,
      at: CreationDate instanceof Date,
    }
  },
  async 'a new signing key'(client) {
    const { KeyMetadata } = await client.send(
      new kms.CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    )
    const { KeyState, KeyUsage, KeySpec, SigningAlgorithms, EncryptionAlgorithms } = KeyMetadata!
    return { KeyState, KeyUsage, KeySpec, SigningAlgorithms, EncryptionAlgorithms }
  },
  'an asymmetric key without a usage': (client) => client.send(new kms.CreateKeyCommand({ KeySpec: 'ECC_NIST_P256' })),
  async 'an Ed25519 key'(client) {
    const KeyId = await made(client, 'ECC_NIST_EDWARDS25519')
    return (await client.send(new kms.GetPublicKeyCommand({ KeyId }))).SigningAlgorithms
  },
  'an id of no key': (client) =>
    client.send(new kms.DescribeKeyCommand({ KeyId: '00000000-0000-0000-0000-000000000000' })),
  'an alias of nothing': (client) => client.send(new kms.DescribeKeyCommand({ KeyId: 'alias/none' })),
  async 'an alias'(client) {
    const AliasName = `alias/seamark-test-${randomUUID()}`
    const KeyId = await made(client)
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: KeyId }))
    const again = await outcome(client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: KeyId })))
    const found = (await client.send(new kms.DescribeKeyCommand({ KeyId: AliasName }))).KeyMetadata?.KeyId === KeyId
    await client.send(new kms.DeleteAliasCommand({ AliasName: AliasName }))
    return [again, found, await outcome(client.send(new kms.DescribeKeyCommand({ KeyId: AliasName })))]
  },
  async 'an alias that moves'(client) {
    const AliasName = `alias/seamark-test-${randomUUID()}`
    const [from, to] = [await made(client), await made(client)]
    const move = async (TargetKeyId: string) =>
      outcome(client.send(new kms.UpdateAliasCommand({ AliasName, TargetKeyId })).then(() => 'moved'))
    const of = async (KeyId: string) => {
      const { Aliases } = await client.send(new kms.ListAliasesCommand({ KeyId }))
      return Aliases?.map((alias) => [alias.AliasName === AliasName, alias.TargetKeyId === KeyId])
    }
    const seen = [await move(to)]
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: from }))
    seen.push(await of(from), await move(to), await of(from), await of(to))
    const found = (await client.send(new kms.DescribeKeyCommand({ KeyId: AliasName }))).KeyMetadata?.KeyId === to
    await client.send(new kms.DeleteAliasCommand({ AliasName }))
    return [...seen, found]
  },
  async 'an alias that moves to a key of another kind'(client) {
    const AliasName = `alias/seamark-test-${randomUUID()}`
    const [TargetKeyId, other] = [await made(client), await made(client, 'ECC_NIST_P256')]
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId }))
    const moving = client.send(new kms.UpdateAliasCommand({ AliasName, TargetKeyId: other })).then(() => 'moved')
    const moved = await outcome(moving)
    await client.send(new kms.DeleteAliasCommand({ AliasName }))
    return moved
  },
  async 'a list of keys'(client) {
    const ids = [await made(client), await made(client)]
    const { Keys = [] } = await client.send(new kms.ListKeysCommand({ Limit: 1000 }))
    const mine = Keys.filter(({ KeyId = '' }) => ids.includes(KeyId))
    return mine.map(({ KeyArn, KeyId }) => [shape(KeyArn), shape(KeyId)])
  },
  async 'a list of keys, page by page'(client) {
    await made(client)
    await made(client)
    const { Keys, Truncated, NextMarker } = await client.send(new kms.ListKeysCommand({ Limit: 1 }))
    const next = await client.send(new kms.ListKeysCommand({ Limit: 1, Marker: NextMarker }))
    return [Keys?.length, Truncated, typeof NextMarker, next.Keys?.length, next.Keys?.[0]?.KeyId === Keys?.[0]?.KeyId]
  },
  async 'encryption and its context'(client) {
    const KeyId = await made(client)
    const { CiphertextBlob } = await client.send(
      new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('p'), EncryptionContext: { a: '1', b: '2' } }),
    )
    const open = async (EncryptionContext: Record<string, string>) =>
      outcome(
        client
          .send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext }))
          .then(({ Plaintext, KeyId: by }) => [Buffer.from(Plaintext ?? []).toString(), shape(by)]),
      )
    return [await open({ b: '2', a: '1' }), await open({ a: '1' }), await open({})]
  },
  async 'a damaged blob'(client) {
    const KeyId = await made(client)
    const { CiphertextBlob = new Uint8Array() } = await client.send(
      new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('p') }),
    )
    CiphertextBlob[CiphertextBlob.length - 1]! ^= 1
    return client.send(new kms.DecryptCommand({ CiphertextBlob }))
  },
  async 'too much plaintext'(client) {
    return client.send(new kms.EncryptCommand({ KeyId: await made(client), Plaintext: randomBytes(4097) }))
  },
  async 'a data key'(client) {
    const KeyId = await made(client)
    const key = await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: key.CiphertextBlob }))
    return [key.Plaintext?.length, Buffer.compare(opened.Plaintext ?? Buffer.of(), key.Plaintext ?? Buffer.of())]
  },
  async 'a data key without its plaintext'(client) {
    const KeyId = await made(client)
    const given = await client.send(new kms.GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' }))
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: given.CiphertextBlob }))
    return ['Plaintext' in given, shape(given.KeyId), opened.Plaintext?.length]
  },
  async 'a data key of no size'(client) {
    return client.send(new kms.GenerateDataKeyCommand({ KeyId: await made(client) }))
  },
  async 'encryption again under another key'(client) {
    const [from, to] = [await made(client), await made(client)]
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId: from, Plaintext: Buffer.from('p') }))
    const again = await client.send(new kms.ReEncryptCommand({ CiphertextBlob, DestinationKeyId: to }))
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: again.CiphertextBlob }))
    return Buffer.from(opened.Plaintext ?? []).toString()
  },
  async 'decryption under a key that is not its own'(client) {
    const [from, to] = [await made(client), await made(client)]
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId: from, Plaintext: Buffer.from('p') }))
    return client.send(new kms.DecryptCommand({ CiphertextBlob, KeyId: to })).then(() => 'decrypted')
  },
  async 'a message signed with ECDSA'(client) {
    return signed(client, { raw: true })
  },
  async 'a digest signed with ECDSA'(client) {
    return signed(client, { raw: false })
  },
  async 'a digest of another length'(client) {
    const KeyId = await made(client, 'ECC_NIST_P256')
    return client
      .send(
        new kms.SignCommand({
          KeyId,
          Message: randomBytes(31),
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      )
      .then(() => 'signed')
  },
  async 'a message that is too long'(client) {
    const KeyId = await made(client, 'ECC_NIST_P256')
    return client
      .send(new kms.SignCommand({ KeyId, Message: randomBytes(4097), SigningAlgorithm: 'ECDSA_SHA_256' }))
      .then(() => 'signed')
  },
  async 'an algorithm of another spec'(client) {
    const KeyId = await made(client, 'ECC_NIST_P256')
    return client
      .send(new kms.SignCommand({ KeyId, Message: randomBytes(3), SigningAlgorithm: 'ECDSA_SHA_384' }))
      .then(() => 'signed')
  },
  async 'a key for encryption that is to sign'(client) {
    const KeyId = await made(client)
    return client
      .send(new kms.SignCommand({ KeyId, Message: randomBytes(3), SigningAlgorithm: 'ECDSA_SHA_256' }))
      .then(() => 'signed')
  },
  async 'a wrong signature'(client) {
    const KeyId = await made(client, 'ECC_NIST_P256')
    return client
      .send(
        new kms.VerifyCommand({
          KeyId,
          Message: randomBytes(3),
          Signature: randomBytes(70),
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      )
      .then(({ SignatureValid }) => SignatureValid)
  },
  async 'the public key of a symmetric key'(client) {
    return client.send(new kms.GetPublicKeyCommand({ KeyId: await made(client) })).then(() => 'given')
  },
  async 'a disabled key that is to sign'(client) {
    const KeyId = await made(client, 'ECC_NIST_P256')
    await client.send(new kms.DisableKeyCommand({ KeyId }))
    return client
      .send(new kms.SignCommand({ KeyId, Message: randomBytes(3), SigningAlgorithm: 'ECDSA_SHA_256' }))
      .then(() => 'signed')
  },
  async 'a disabled key that is to encrypt'(client) {
    const KeyId = await made(client)
    await client.send(new kms.DisableKeyCommand({ KeyId }))
    return client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('p') })).then(() => 'encrypted')
  },
  async 'a key in each state'(client) {
    const KeyId = await made(client)
    const state = async () => (await client.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState
    const seen = [await state()]
    for (const command of [
      () => client.send(new kms.DisableKeyCommand({ KeyId })),
      () => client.send(new kms.EnableKeyCommand({ KeyId })),
      () => client.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
      () => client.send(new kms.CancelKeyDeletionCommand({ KeyId })),
    ]) {
      await command()
      seen.push(await state())
    }
    return seen
  },
  async 'a key that is to be deleted, enabled'(client) {
    const KeyId = await made(client)
    await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    return client.send(new kms.EnableKeyCommand({ KeyId })).then(() => 'enabled')
  },
  async 'rotation, on and off'(client) {
    const KeyId = await made(client)
    const on = async () => (await client.send(new kms.GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled
    const seen = [await on()]
    await client.send(new kms.EnableKeyRotationCommand({ KeyId }))
    seen.push(await on())
    await client.send(new kms.DisableKeyRotationCommand({ KeyId }))
    return [...seen, await on()]
  },
  async 'rotation on demand'(client) {
    const KeyId = await made(client)
    const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('old') }))
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))
    const { Rotations } = await client.send(new kms.ListKeyRotationsCommand({ KeyId }))
    const { Plaintext } = await client.send(new kms.DecryptCommand({ CiphertextBlob }))
    return [Rotations?.map(({ RotationType }) => RotationType), Buffer.from(Plaintext ?? []).toString()]
  },
  async grants(client) {
    const KeyId = await made(client)
    const { GrantId, GrantToken } = await client.send(
      new kms.CreateGrantCommand({
        KeyId,
        GranteePrincipal: 'arn:aws:iam::111122223333:role/r',
        Operations: ['Encrypt'],
        Name: 'n',
      }),
    )
    const { Grants } = await client.send(new kms.ListGrantsCommand({ KeyId }))
    await client.send(new kms.RevokeGrantCommand({ KeyId, GrantId }))
    const left = (await client.send(new kms.ListGrantsCommand({ KeyId }))).Grants?.length
    return [GrantId?.length, typeof GrantToken, Grants?.map(({ Name, Operations }) => [Name, Operations]), left]
  },
  async 'random bytes'(client) {
    return (await client.send(new kms.GenerateRandomCommand({ NumberOfBytes: 24 }))).Plaintext?.length
  },
  async 'wrong credentials'(client) {
    const other = new kms.KMSClient({
      ...(client.config.endpoint && { endpoint: client.config.endpoint }),
      region: client.config.region,
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'wrong' },
    })
    return other.send(new kms.ListKeysCommand({})).then(() => 'listed')
  },
}

function shape(text: string | undefined): string {
  return (text ?? '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'UUID').replace(/\d{12}/, 'ACCOUNT')
}

async function made(client: kms.KMSClient, KeySpec?: kms.KeySpec): Promise<string> {
  const request = KeySpec === undefined ? {} : ({ KeySpec, KeyUsage: 'SIGN_VERIFY' } as const)
  return (await client.send(new kms.CreateKeyCommand(request))).KeyMetadata?.KeyId ?? expect.fail('no key was made')
}

async function signed(client: kms.KMSClient, { raw }: { readonly raw: boolean }): Promise<unknown> {
  const KeyId = await made(client, 'ECC_NIST_P256')
  const message = randomBytes(100)
  const request = {
    KeyId,
    Message: raw ? message : createHash('sha256').update(message).digest(),
    MessageType: raw ? 'RAW' : 'DIGEST',
    SigningAlgorithm: 'ECDSA_SHA_256',
  } as const
  const { Signature = new Uint8Array(), SigningAlgorithm } = await client.send(new kms.SignCommand(request))
  const { PublicKey = new Uint8Array() } = await client.send(new kms.GetPublicKeyCommand({ KeyId }))
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
  const { SignatureValid } = await client.send(new kms.VerifyCommand({ ...request, Signature }))
  return { SigningAlgorithm, SignatureValid, elsewhere: verify('sha256', message, publicKey, Signature) }
}

/** What a call gives, or the name and status of its error. */
export async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => {
    if (!(error instanceof kms.KMSServiceException)) throw error
    return { error: error.name, status: error.$metadata.httpStatusCode }
  })
}
