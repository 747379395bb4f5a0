import { sharedServer } from '@seamark/testing-services'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startKms } from '../src/index.ts'
import { cipherOperations } from '../src/kms/ciphers.ts'
import { grantOperations } from '../src/kms/grants.ts'
import { keyOperations } from '../src/kms/keys.ts'
import { rotationOperations } from '../src/kms/rotation.ts'
import { signingOperations } from '../src/kms/signing.ts'
import { calls, outcome } from './kms-calls.ts'
import { clientOf } from './kms-client-port.ts'
import type { KMSClient } from './kms-client-port.ts'

// Each call is made with the same client to this endpoint and to moto's server, and the outcomes are compared.

const refused = (error: string): unknown => ({ error, status: 400 })

/** Where moto does something else: what ours answers, and the page of AWS that decides. A case that differs no more fails. */
const differences: Readonly<Record<string, { readonly page: string; readonly ours: unknown }>> = {
  'a new symmetric key': {
    page: 'API_KeyMetadata',
    ours: {
      Enabled: true,
      Description: 'd',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      id: 'UUID',
      arn: 'arn:aws:kms:us-east-1:ACCOUNT:key/UUID',
      account: 12,
      at: true,
    },
  },
  'an asymmetric key without a usage': { page: 'API_CreateKey', ours: refused('ValidationException') },
  'an Ed25519 key': { page: 'API_GetPublicKey', ours: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] },
  'an alias that moves to a key of another kind': { page: 'API_UpdateAlias', ours: refused('ValidationException') },
  'a list of keys, page by page': { page: 'API_ListKeys', ours: [1, true, 'string', 1, false] },
  'decryption under a key that is not its own': { page: 'API_Decrypt', ours: refused('IncorrectKeyException') },
  'a digest signed with ECDSA': {
    page: 'API_Sign',
    ours: { SigningAlgorithm: 'ECDSA_SHA_256', SignatureValid: true, elsewhere: true },
  },
  'a digest of another length': { page: 'API_Sign', ours: refused('ValidationException') },
  'a message that is too long': { page: 'API_Sign', ours: refused('ValidationException') },
  'an algorithm of another spec': { page: 'API_Sign', ours: refused('InvalidKeyUsageException') },
  'a key for encryption that is to sign': { page: 'API_Sign', ours: refused('InvalidKeyUsageException') },
  'a wrong signature': { page: 'API_Verify', ours: refused('KMSInvalidSignatureException') },
  'the public key of a symmetric key': { page: 'API_GetPublicKey', ours: refused('UnsupportedOperationException') },
  'a disabled key that is to sign': { page: 'key-state', ours: refused('DisabledException') },
  'a disabled key that is to encrypt': { page: 'key-state', ours: refused('DisabledException') },
  'a key that is to be deleted, enabled': { page: 'key-state', ours: refused('KMSInvalidStateException') },
  grants: { page: 'API_CreateGrant', ours: [64, 'string', [['n', ['Encrypt']]], 0] },
  'wrong credentials': { page: 'CommonErrors', ours: refused('UnrecognizedClientException') },
}

let ours: Awaited<ReturnType<typeof startKms>>
const clients: KMSClient[] = []
beforeAll(async () => {
  ours = await startKms()
  const { endpoint, region, accessKeyId, secretAccessKey } = await sharedServer('moto')
  clients.push(clientOf(ours), clientOf({ endpoint, region, credentials: { accessKeyId, secretAccessKey } }))
}, 60_000)
afterAll(async () => {
  for (const client of clients) client.destroy()
  await ours?.close()
})

it.each(Object.keys(calls))('%s', async (name) => {
  const call = calls[name]!
  const [mine, theirs] = await Promise.all(clients.map(async (client) => outcome(call(client))))
  const difference = differences[name]
  if (difference === undefined) return expect(mine).toEqual(theirs)
  expect(mine).toEqual(difference.ours)
  expect(mine).not.toEqual(theirs)
})

it('compares every operation that is here', () => {
  const groups = [keyOperations, signingOperations, cipherOperations, rotationOperations, grantOperations]
  const called = new Set(ours.calls.map(({ operation }) => operation))
  expect(groups.flatMap((group) => Object.keys(group)).filter((name) => !called.has(name))).toEqual([])
})

it('lists only differences that are calls', () => {
  expect(Object.keys(differences).filter((name) => !(name in calls))).toEqual([])
})
