import { sharedServer } from '@seamark/testing-services'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startKms } from '../src/index.ts'
import { calls, outcome } from './kms-calls.ts'
import { clientOf } from './kms-client-port.ts'
import type { KMSClient } from './kms-client-port.ts'

// Each call is made with the same client to this endpoint and to moto's server, and the outcomes are compared.

/** Where moto does something else, the page of AWS that decides. A case that differs no more fails. */
const differences: Readonly<Record<string, string>> = {
  'a new symmetric key': 'API_KeyMetadata',
  'an asymmetric key without a usage': 'API_CreateKey',
  'an Ed25519 key': 'API_GetPublicKey',
  'decryption under a key that is not its own': 'API_Decrypt',
  'a digest signed with ECDSA': 'API_Sign',
  'a digest of another length': 'API_Sign',
  'a message that is too long': 'API_Sign',
  'an algorithm of another spec': 'API_Sign',
  'a key for encryption that is to sign': 'API_Sign',
  'a wrong signature': 'API_Verify',
  'the public key of a symmetric key': 'API_GetPublicKey',
  'a disabled key that is to sign': 'key-state',
  'a disabled key that is to encrypt': 'key-state',
  'a key that is to be deleted, enabled': 'key-state',
  grants: 'API_CreateGrant',
  'wrong credentials': 'CommonErrors',
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
  if (name in differences) expect(mine).not.toEqual(theirs)
  else expect(mine).toEqual(theirs)
})

it('lists only differences that are calls', () => {
  expect(Object.keys(differences).filter((name) => !(name in calls))).toEqual([])
})
