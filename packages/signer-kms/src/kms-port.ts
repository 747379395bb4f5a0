import {
  DecryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms'
import type { EncryptionContext } from '@seamark/core'
import { kmsFailure } from './kms-failure.ts'
import type { KmsFailure } from './kms-failure.ts'

/** As the AWS client takes them. */
export interface KmsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** The four calls of KMS that are needed here. Each is made once; rejects with a `KmsFailure`, or an `AbortError`. */
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
    getPublicKey: (key, signal) =>
      failing(async () => {
        const answer = await client.send(new GetPublicKeyCommand({ KeyId: key }), options(signal))
        return {
          arn: whole(answer.KeyId),
          spec: whole(answer.KeySpec),
          usage: whole(answer.KeyUsage),
          der: whole(answer.PublicKey),
        }
      }),
    sign: (key, request, signal) =>
      failing(async () => {
        const input =
          'digest' in request
            ? ({ Message: request.digest, MessageType: 'DIGEST' } as const)
            : ({ Message: request.message, MessageType: 'RAW' } as const)
        const answer = await client.send(
          new SignCommand({ KeyId: key, SigningAlgorithm: request.algorithm, ...input }),
          options(signal),
        )
        return { arn: whole(answer.KeyId), signature: whole(answer.Signature) }
      }),
    generateDataKey: (key, context, signal) =>
      failing(async () => {
        const answer = await client.send(
          new GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256', EncryptionContext: { ...context } }),
          options(signal),
        )
        return { plaintext: whole(answer.Plaintext), blob: whole(answer.CiphertextBlob) }
      }),
    decrypt: (key, blob, context, signal) =>
      failing(async () => {
        const answer = await client.send(
          new DecryptCommand({ KeyId: key, CiphertextBlob: blob, EncryptionContext: { ...context } }),
          options(signal),
        )
        return whole(answer.Plaintext)
      }),
  }
}

/** A member that KMS always gives. */
function whole<T>(member: T | undefined): T {
  if (member === undefined) throw kmsFailure({ name: 'IncompleteAnswer', skewed: false, pendingDeletion: false })
  return member
}

async function failing<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error
    throw kmsFailure(failureOf(error))
  }
}

function failureOf(error: unknown): KmsFailure {
  const name = text(member(error, 'name')) ?? 'UnknownError'
  const message = text(member(error, 'message')) ?? ''
  const metadata = member(error, '$metadata')
  const system = text(member(error, 'code')) ?? text(member(member(error, 'cause'), 'code'))
  // A connection that broke is no answer, even where one had begun.
  const broken = system !== undefined && member(error, '$fault') === undefined && name !== 'TimeoutError'
  const answered =
    number(member(metadata, 'httpStatusCode')) ?? number(member(member(error, '$response'), 'statusCode'))
  const requestId = text(member(metadata, 'requestId'))
  return {
    name: broken ? system : name,
    ...(answered !== undefined && !broken && { status: answered }),
    ...(requestId !== undefined && { requestId }),
    skewed: member(metadata, 'clockSkewCorrected') === true,
    pendingDeletion: /is pending deletion/.test(message),
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
