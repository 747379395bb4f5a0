import {
  DecryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms'
import type { EncryptionContext } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** As the AWS client takes them. */
export interface KmsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** The four calls of KMS that are needed here. Each is made once; rejects as the AWS client does. */
export interface KmsPort {
  getPublicKey(key: string, signal?: AbortSignal): Promise<KmsPublicKey>
  sign(key: string, request: KmsSignRequest, signal?: AbortSignal): Promise<KmsSignature>
  generateDataKey(key: string, context: EncryptionContext, signal?: AbortSignal): Promise<KmsDataKey>
  decrypt(key: string, blob: Uint8Array, context: EncryptionContext, signal?: AbortSignal): Promise<Uint8Array>
}

export interface KmsPublicKey {
  readonly arn: string
  /** Such as `ECC_NIST_P256`. */
  readonly spec: string
  /** Such as `SIGN_VERIFY`. */
  readonly usage: string
  /** DER SubjectPublicKeyInfo. */
  readonly der: Uint8Array
}

/** Ed25519 over a message as it is, or ECDSA over a digest of SHA-256. */
export type KmsSignRequest =
  | { readonly algorithm: 'ED25519_SHA_512'; readonly message: Uint8Array }
  | { readonly algorithm: 'ECDSA_SHA_256'; readonly digest: Uint8Array }

export interface KmsSignature {
  readonly arn: string
  readonly signature: Uint8Array
}

export interface KmsDataKey {
  readonly plaintext: Uint8Array
  readonly blob: Uint8Array
}

export interface KmsPortOptions {
  readonly region?: string
  readonly endpoint?: string
  readonly credentials?: KmsCredentials | (() => Promise<KmsCredentials>)
  /** For a connection, and for an answer. */
  readonly timeoutMs: number
}

export function kmsPort({ region, endpoint, credentials, timeoutMs }: KmsPortOptions): KmsPort {
  const client = new KMSClient({
    // Tries are made in one place, with the errors of the seam: not here.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: timeoutMs, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  })
  const options = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal })

  return {
    async getPublicKey(key, signal) {
      const answer = await client.send(new GetPublicKeyCommand({ KeyId: key }), options(signal))
      return {
        arn: whole(answer.KeyId),
        spec: whole(answer.KeySpec),
        usage: whole(answer.KeyUsage),
        der: whole(answer.PublicKey),
      }
    },
    async sign(key, request, signal) {
      const input =
        'digest' in request
          ? ({ Message: request.digest, MessageType: 'DIGEST' } as const)
          : ({ Message: request.message, MessageType: 'RAW' } as const)
      const answer = await client.send(
        new SignCommand({ KeyId: key, SigningAlgorithm: request.algorithm, ...input }),
        options(signal),
      )
      return { arn: whole(answer.KeyId), signature: whole(answer.Signature) }
    },
    async generateDataKey(key, context, signal) {
      const answer = await client.send(
        new GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256', EncryptionContext: { ...context } }),
        options(signal),
      )
      return { plaintext: whole(answer.Plaintext), blob: whole(answer.CiphertextBlob) }
    },
    async decrypt(key, blob, context, signal) {
      const answer = await client.send(
        new DecryptCommand({ KeyId: key, CiphertextBlob: blob, EncryptionContext: { ...context } }),
        options(signal),
      )
      return whole(answer.Plaintext)
    },
  }
}

/** A member that KMS always gives. */
function whole<T>(member: T | undefined): T {
  if (member === undefined)
    throw new SeamError('INVALID_INPUT', 'An answer is not one of KMS: something is missing in it.', {
      remedy: 'Check the endpoint.',
    })
  return member
}
