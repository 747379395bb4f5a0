import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startKms } from '../src/index.ts'
import type { KmsServer } from '../src/index.ts'
import {
  CancelKeyDeletionCommand,
  clientOf,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeysCommand,
  paginateListKeys,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
} from './kms-client-port.ts'
import type { KMSClient } from './kms-client-port.ts'

const named = (name: string, status = 400) =>
  expect.objectContaining({ name, $metadata: expect.objectContaining({ httpStatusCode: status }) })
let now = Date.now()
let kms: KmsServer
let client: KMSClient
beforeEach(async () => {
  now = Date.now()
  kms = await startKms({ now: () => now })
  client = clientOf(kms)
})
afterEach(async () => {
  client.destroy()
  await kms.close()
})

const create = async (KeySpec: 'SYMMETRIC_DEFAULT' | 'ECC_NIST_P256' | 'ECC_NIST_EDWARDS25519' = 'SYMMETRIC_DEFAULT') =>
  (
    await client.send(
      new CreateKeyCommand({ KeySpec, ...(KeySpec !== 'SYMMETRIC_DEFAULT' && { KeyUsage: 'SIGN_VERIFY' }) }),
    )
  ).KeyMetadata!

describe('keys', () => {
  it('are made, described by every kind of name, and listed page by page', async () => {
    const key = await create()
    expect(key).toMatchObject({ KeyState: 'Enabled', KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'SYMMETRIC_DEFAULT' })
    expect(key.Arn).toBe(`arn:aws:kms:us-east-1:111122223333:key/${key.KeyId}`)
    expect(key.CreationDate?.getTime()).toBeCloseTo(now, -1)
    await client.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: key.KeyId }))
    for (const KeyId of [key.KeyId, key.Arn, 'alias/a', 'arn:aws:kms:us-east-1:111122223333:alias/a'])
      expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toEqual(key)
    for (let count = 0; count < 4; count++) await create()
    const seen: (string | undefined)[] = []
    for await (const { Keys } of paginateListKeys({ client, pageSize: 2 }, {}))
      seen.push(...(Keys ?? []).map(({ KeyId }) => KeyId))
    expect(new Set(seen).size).toBe(5)
    expect((await client.send(new ListKeysCommand({}))).Truncated).toBe(false)
  })

  it.each([
    ['00000000-0000-0000-0000-000000000000', 'NotFoundException'],
    ['alias/none', 'NotFoundException'],
    ['arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000', 'NotFoundException'],
    ['arn:aws:s3:::bucket', 'InvalidArnException'],
  ])('are not found by %s', async (KeyId, name) => {
    await expect(client.send(new DescribeKeyCommand({ KeyId }))).rejects.toEqual(named(name))
  })

  it('are disabled and enabled', async () => {
    const { KeyId, Arn } = await create('ECC_NIST_EDWARDS25519')
    await client.send(new DisableKeyCommand({ KeyId }))
    const sign = new SignCommand({ KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ED25519_SHA_512' })
    await expect(client.send(new GetPublicKeyCommand({ KeyId }))).rejects.toEqual(named('DisabledException'))
    await expect(client.send(sign)).rejects.toEqual(named('DisabledException'))
    expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toMatchObject({
      KeyState: 'Disabled',
      Enabled: false,
      Arn,
    })
    await client.send(new EnableKeyCommand({ KeyId }))
    expect((await client.send(new GetPublicKeyCommand({ KeyId }))).KeyId).toBe(Arn)
  })

  it('wait before they are deleted, can be kept, and are gone after', async () => {
    const { KeyId } = await create()
    const encrypt = () => client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    await client.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: KeyId }))
    const scheduled = await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(scheduled).toMatchObject({ KeyState: 'PendingDeletion', PendingWindowInDays: 7 })
    expect(scheduled.DeletionDate?.getTime()).toBeCloseTo(now + 7 * 86_400_000, -1)
    await expect(encrypt()).rejects.toEqual(named('KMSInvalidStateException'))
    await expect(client.send(new EnableKeyCommand({ KeyId }))).rejects.toEqual(named('KMSInvalidStateException'))
    await client.send(new CancelKeyDeletionCommand({ KeyId }))
    await expect(encrypt()).rejects.toEqual(named('DisabledException'))
    await client.send(new EnableKeyCommand({ KeyId }))
    await expect(encrypt()).resolves.toBeDefined()
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    now += 7 * 86_400_000
    // The client follows the clock of the service after its first refusal.
    await expect(encrypt()).rejects.toEqual(named('InvalidSignatureException'))
    await expect(encrypt()).rejects.toEqual(named('NotFoundException'))
    expect((await client.send(new ListAliasesCommand({}))).Aliases).toEqual([])
  })

  it('have aliases that move only to keys of the same use', async () => {
    const [one, two, other] = [await create(), await create(), await create('ECC_NIST_P256')]
    const AliasName = 'alias/data'
    await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: one.KeyId }))
    await expect(client.send(new CreateAliasCommand({ AliasName, TargetKeyId: two.KeyId }))).rejects.toEqual(
      named('AlreadyExistsException'),
    )
    await client.send(new UpdateAliasCommand({ AliasName, TargetKeyId: two.KeyId }))
    expect((await client.send(new DescribeKeyCommand({ KeyId: AliasName }))).KeyMetadata?.Arn).toBe(two.Arn)
    await expect(client.send(new UpdateAliasCommand({ AliasName, TargetKeyId: other.KeyId }))).rejects.toEqual(
      named('ValidationException'),
    )
    expect((await client.send(new ListAliasesCommand({ KeyId: two.KeyId }))).Aliases).toMatchObject([{ AliasName }])
    await client.send(new DeleteAliasCommand({ AliasName }))
    await expect(client.send(new DeleteAliasCommand({ AliasName }))).rejects.toEqual(named('NotFoundException'))
  })

  it('need a usage where their spec has none by default', async () => {
    await expect(client.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256' }))).rejects.toEqual(
      named('ValidationException'),
    )
  })
})

describe('permissions', () => {
  it('refuse the calls that a policy denies, until it is changed', async () => {
    const { KeyId, Arn } = await create('ECC_NIST_EDWARDS25519')
    const sign = () =>
      client.send(new SignCommand({ KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ED25519_SHA_512' }))
    const undo = kms.deny({ operation: 'Sign', ...(Arn !== undefined && { key: Arn }) })
    await expect(sign()).rejects.toEqual(named('AccessDeniedException'))
    await expect(client.send(new GetPublicKeyCommand({ KeyId }))).resolves.toBeDefined()
    undo()
    await expect(sign()).resolves.toBeDefined()
  })

  it('come from grants for a principal without a policy', async () => {
    const { KeyId } = await create()
    const principal = 'arn:aws:iam::111122223333:role/engine'
    const guest = clientOf({ ...kms, credentials: kms.addCredentials({ principal, onlyGrants: true }) })
    const encrypt = (ns: string) =>
      guest.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext: { ns } }))
    await expect(encrypt('a')).rejects.toEqual(named('AccessDeniedException'))
    const { GrantId } = await client.send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: principal,
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextSubset: { ns: 'a' } },
      }),
    )
    await expect(encrypt('a')).resolves.toBeDefined()
    await expect(encrypt('b')).rejects.toEqual(named('AccessDeniedException'))
    expect((await client.send(new ListGrantsCommand({ KeyId }))).Grants).toMatchObject([
      { GrantId, GranteePrincipal: principal },
    ])
    await client.send(new RevokeGrantCommand({ KeyId, GrantId }))
    await expect(encrypt('a')).rejects.toEqual(named('AccessDeniedException'))
    guest.destroy()
  })
})
