import { sign, verify } from 'node:crypto'
import { invalid, wireError } from '../wire-error.ts'
import { dryRun } from './dry-run.ts'
import { ecdsaSign, ecdsaVerify } from './ecdsa-digest.ts'
import type { Input } from './input.ts'
import { SIGNING } from './key.ts'
import type { KmsKey } from './key.ts'
import type { Operation } from './operation.ts'
import type { KmsStore } from './store.ts'

const digestBytes: Readonly<Record<string, number>> = { ECDSA_SHA_256: 32, ECDSA_SHA_384: 48 }

interface Request {
  readonly key: KmsKey & { readonly pair: NonNullable<KmsKey['pair']> }
  readonly algorithm: string
  readonly message: Buffer
  readonly digest: boolean
}

/** What `Sign` and `Verify` have in common, in the order in which KMS looks at it. */
function request(store: KmsStore, input: Input): Request {
  const algorithm = input.text('SigningAlgorithm')
  const messageType = input.optionalText('MessageType') ?? 'RAW'
  const message = input.blob('Message', 0, 4096)
  const key = store.usable(input.text('KeyId'))
  const { pair } = key
  if (pair === undefined)
    throw wireError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for this operation.`,
    )
  if (SIGNING[key.spec]?.includes(algorithm) !== true)
    throw wireError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`)
  if (messageType !== 'RAW' && messageType !== 'DIGEST')
    throw invalid(`MessageType ${messageType} is not valid for algorithm ${algorithm}.`)
  const digest = messageType === 'DIGEST'
  if (algorithm === 'ED25519_PH_SHA_512')
    throw digest
      ? wireError('UnsupportedOperationException', 'This endpoint does not sign with ED25519_PH_SHA_512.')
      : invalid('Algorithm ED25519_PH_SHA_512 requires message type DIGEST.')
  if (algorithm === 'ED25519_SHA_512' && digest) throw invalid('Algorithm ED25519_SHA_512 requires message type RAW.')
  if (digest && message.length !== digestBytes[algorithm])
    throw invalid(`Digest is invalid length for algorithm ${algorithm}.`)
  return { key: { ...key, pair }, algorithm, message, digest }
}

const hashOf = (algorithm: string): string | null =>
  algorithm.startsWith('ECDSA_') ? algorithm.slice('ECDSA_'.length).replace('_', '').toLowerCase() : null

/** Signatures with asymmetric keys: Ed25519 as RFC 8032 has it, ECDSA as DER (RFC 3279, section 2.2.3). */
export const signingOperations: Readonly<Record<string, Operation>> = {
  GetPublicKey(store, input) {
    const key = store.usable(input.text('KeyId'))
    if (key.pair === undefined)
      throw wireError(
        'UnsupportedOperationException',
        `${key.arn} origin is AWS_KMS which is not valid for this operation.`,
      )
    return {
      CustomerMasterKeySpec: key.spec,
      KeyId: key.arn,
      KeySpec: key.spec,
      KeyUsage: key.usage,
      PublicKey: key.pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      SigningAlgorithms: SIGNING[key.spec],
    }
  },
  Sign(store, input) {
    const { key, algorithm, message, digest } = request(store, input)
    const signature = digest
      ? ecdsaSign(message, key.pair.privateKey)
      : sign(hashOf(algorithm), message, key.pair.privateKey)
    dryRun(input)
    return { KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm: algorithm }
  },
  Verify(store, input) {
    const { key, algorithm, message, digest } = request(store, input)
    const signature = input.blob('Signature', 1, 6144)
    const right = digest
      ? ecdsaVerify(message, key.pair.privateKey, signature)
      : verify(hashOf(algorithm), message, key.pair.publicKey, signature)
    if (!right) throw wireError('KMSInvalidSignatureException', '')
    dryRun(input)
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: algorithm }
  },
}
