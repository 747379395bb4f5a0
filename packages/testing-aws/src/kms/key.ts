import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { wireError } from '../wire-error.ts'

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

/** One generation of the bytes of a symmetric key: rotation adds another and keeps this. */
export interface Material {
  /** 64 hex digits. */
  readonly id: string
  readonly secret: Uint8Array
  readonly rotation?: { readonly at: number; readonly type: 'AUTOMATIC' | 'ON_DEMAND' }
}

/** A key as the endpoint keeps it. */
export interface KmsKey {
  readonly id: string
  readonly arn: string
  readonly spec: string
  readonly usage: 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY'
  readonly description: string
  readonly createdAt: number
  /** Of a symmetric key, the newest last. */
  readonly materials: Material[]
  /** Of an asymmetric key. */
  readonly pair?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  state: KeyState
  /** Epoch milliseconds, while deletion is scheduled. */
  deletionAt?: number | undefined
  rotation?: { readonly periodDays: number; next: number } | undefined
}

/** The signing algorithms of each asymmetric spec that is here, as `DescribeKey` lists them. */
export const SIGNING: Readonly<Record<string, readonly string[]>> = {
  ECC_NIST_P256: ['ECDSA_SHA_256'],
  ECC_NIST_P384: ['ECDSA_SHA_384'],
  ECC_SECG_P256K1: ['ECDSA_SHA_256'],
  ECC_NIST_EDWARDS25519: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
}

const curves: Readonly<Record<string, string>> = {
  ECC_NIST_P256: 'P-256',
  ECC_NIST_P384: 'P-384',
  ECC_SECG_P256K1: 'secp256k1',
}

export function newMaterial(rotation?: Material['rotation']): Material {
  return { id: randomBytes(32).toString('hex'), secret: randomBytes(32), ...(rotation && { rotation }) }
}

/** The parts of a key that its spec decides. Errors: `ValidationException`, `UnsupportedOperationException`. */
export function makeMaterial(spec: string, usage: string | undefined): Pick<KmsKey, 'materials' | 'pair' | 'usage'> {
  if (spec === 'SYMMETRIC_DEFAULT') {
    if (usage !== undefined && usage !== 'ENCRYPT_DECRYPT') throw mismatch(spec, usage)
    return { usage: 'ENCRYPT_DECRYPT', materials: [newMaterial()] }
  }
  if (SIGNING[spec] === undefined)
    throw wireError('UnsupportedOperationException', `This endpoint does not make keys of spec ${spec}.`)
  // An asymmetric key has no default usage.
  if (usage !== 'SIGN_VERIFY') throw mismatch(spec, usage ?? 'ENCRYPT_DECRYPT')
  const namedCurve = curves[spec]
  const pair = namedCurve === undefined ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve })
  return { usage, materials: [], pair }
}

function mismatch(spec: string, usage: string): Error {
  return wireError('ValidationException', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
}

/** `KeyMetadata` of the API. Times are epoch seconds on the wire. */
export function metadata(key: KmsKey): Readonly<Record<string, unknown>> {
  const account = key.arn.split(':')[4]
  return {
    AWSAccountId: account,
    Arn: key.arn,
    KeyId: key.id,
    CreationDate: key.createdAt / 1000,
    CustomerMasterKeySpec: key.spec,
    Description: key.description,
    Enabled: key.state === 'Enabled',
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    KeyState: key.state,
    KeyUsage: key.usage,
    MultiRegion: false,
    Origin: 'AWS_KMS',
    ...(key.deletionAt !== undefined && { DeletionDate: key.deletionAt / 1000 }),
    ...(key.usage === 'SIGN_VERIFY' && { SigningAlgorithms: SIGNING[key.spec] }),
    ...(key.usage === 'ENCRYPT_DECRYPT' && {
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      CurrentKeyMaterialId: key.materials.at(-1)?.id,
    }),
  }
}
