import type { DataKeys, DataKeysGuarantees } from '@seamark/core'
import { hasCode } from '@seamark/kit'
import { kmsAccess, regionOfKey } from './kms-access.ts'
import type { KmsAccess } from './kms-access.ts'

export interface KmsDataKeysOptions extends KmsAccess {
  /** Keys that wrapped data keys before `keyId` did, in the same region: ARNs, still enabled. */
  readonly earlierKeyIds?: readonly string[]
  /** Name of this instance. Default `kms`. */
  readonly name?: string
}

// KMS keeps its keys in HSMs; that was not tried on AWS from here.
const guarantees: DataKeysGuarantees = { keyConfined: { value: true, proof: 'unproven' } }

/**
 * Data keys of a symmetric key of AWS KMS (`GenerateDataKey`, `Decrypt`). Rotation of the key in KMS needs nothing.
 * Only keys that are named here open anything: a data key wrapped by somebody else's key is `INTEGRITY`.
 *
 * Errors besides those of `DataKeys`: `INVALID_INPUT` for a name that is none, at once.
 */
export function kmsDataKeys(options: KmsDataKeysOptions): DataKeys {
  const { keyId, earlierKeyIds = [] } = options
  const kms = kmsAccess(options)
  earlierKeyIds.forEach(regionOfKey)

  return {
    spec: 'data-keys/v1',
    kind: 'aws.kms',
    name: options.name ?? 'kms',
    guarantees,
    async generate(context, { signal } = {}) {
      const { plaintext, blob } = await kms.call(
        { action: 'kms:GenerateDataKey' },
        (port, stop) => port.generateDataKey(keyId, context, stop),
        signal,
      )
      return { plaintext, wrapped: blob }
    },
    async unwrap(wrapped, context, { signal } = {}) {
      for (const [index, key] of [keyId, ...earlierKeyIds].entries()) {
        try {
          return await kms.call(
            { action: 'kms:Decrypt', key },
            (port, stop) => port.decrypt(key, wrapped, context, stop),
            signal,
          )
        } catch (error) {
          if (index === earlierKeyIds.length || !ofAnotherKey(error)) throw error
        }
      }
      throw new TypeError('There is at least one key.')
    },
  }
}

function ofAnotherKey(error: unknown): boolean {
  return hasCode(error, 'INTEGRITY') && error.cause instanceof Error && error.cause.name === 'IncorrectKeyException'
}
