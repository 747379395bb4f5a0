import { startKms } from '@seamark/testing-aws'
import type { KmsServer, StartKmsOptions } from '@seamark/testing-aws'
import { expect, onTestFinished } from 'vitest'
import type { KmsAccess } from '../src/index.ts'

/** KMS for one test. */
export async function freshKms(options?: StartKmsOptions): Promise<KmsServer> {
  const kms = await startKms(options)
  onTestFinished(() => kms.close())
  return kms
}

/** How a test reaches it; tries follow one another at once. */
export function accessTo(kms: KmsServer, keyId: string, more: Partial<KmsAccess> = {}): KmsAccess {
  const clock = {
    now: () => Date.now(),
    at(_at: number, callback: () => void) {
      const timer = setImmediate(callback)
      return () => clearImmediate(timer)
    },
  }
  return { keyId, region: kms.region, endpoint: kms.endpoint, credentials: kms.credentials, clock, ...more }
}

/** An error of the seam with this code, whose cause has this name of AWS. */
export function failing(code: string, name?: string): unknown {
  return expect.objectContaining(name === undefined ? { code } : { code, cause: expect.objectContaining({ name }) })
}
