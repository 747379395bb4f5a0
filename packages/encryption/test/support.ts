import type { StorageProvider } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { kmsDataKeys } from '@seamark/signer-kms'
import { startKms } from '@seamark/testing-aws'
import type { KmsServer } from '@seamark/testing-aws'
import { afterAll, expect, onTestFinished } from 'vitest'
import type { EncryptionOptions } from '../src/index.ts'

/** Time goes on as it does, but nobody waits for it between tries. */
const hurried: Clock = {
  now: () => Date.now(),
  at(_at, callback) {
    const timer = setImmediate(callback)
    return () => clearImmediate(timer)
  },
}

/** Data keys of a key of KMS, tried twice. */
export function keysOf(kms: KmsServer, keyId: string): EncryptionOptions['keys'] {
  const { region, endpoint, credentials } = kms
  return kmsDataKeys({ keyId, region, endpoint, credentials, attempts: 2, clock: hurried })
}

/** KMS for one test, and data keys of a key of it. */
export async function freshKeys(): Promise<{ kms: KmsServer; arn: string; keys: EncryptionOptions['keys'] }> {
  const kms = await startKms()
  onTestFinished(() => kms.close())
  const arn = kms.createKey()
  return { kms, arn, keys: keysOf(kms, arn) }
}

/** KMS for all tests of a file. */
export async function sharedKeys(): Promise<EncryptionOptions['keys']> {
  const kms = await startKms()
  afterAll(() => kms.close())
  return keysOf(kms, kms.createKey())
}

export const code = (expected: string): unknown => expect.objectContaining({ code: expected })

export async function readAll(
  storage: StorageProvider,
  key: string,
  range?: { readonly start: number; readonly end?: number },
): Promise<Buffer | undefined> {
  const found = await storage.get(key, range === undefined ? {} : { range })
  if (found === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of found.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
