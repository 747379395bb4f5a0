import type { PresignRequest } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { fromAwsError } from '@seamark/kit/aws'
import { base64Of } from './port.ts'
import type { S3Encryption, S3Port } from './port.ts'
import { DIGEST_NAME } from './upload.ts'

const longestMs = 60 * 60 * 1000
/** The most that one request can store. */
const mostBytes = 5 * 1024 ** 3

/** A short-lived address, made without a request. Errors: `INVALID_INPUT`, `UNAUTHENTICATED` without credentials. */
export async function presign(
  port: S3Port,
  { key, method, expiresInMs, size, sha256 }: PresignRequest,
  encryption: S3Encryption | undefined,
): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }> {
  if (!(expiresInMs >= 1_000 && expiresInMs <= longestMs))
    throw invalid(`An address for ${expiresInMs} ms is not possible.`, 'Ask for one second to one hour.')
  const seconds = Math.floor(expiresInMs / 1_000)
  const signed = (details: Parameters<S3Port['presign']>[3]): Promise<string> =>
    port.presign(method, key, seconds, details).catch((error: unknown) => {
      const action = method === 'GET' ? 's3:GetObject' : 's3:PutObject'
      throw fromAwsError(error, { doing: `Making an address for ${key}`, action, resource: '*' })
    })
  if (method === 'GET') return { url: await signed({ headers: {} }), headers: {} }
  if (size === undefined || !Number.isSafeInteger(size) || size < 0 || size > mostBytes)
    throw invalid('An upload needs its exact size, at most 5 GiB.', 'Give size in bytes.')
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256))
    throw invalid('An upload needs its exact digest.', 'Give sha256 as 64 lower-case hex digits.')
  const headers = {
    // Where it stands: written once.
    'if-none-match': '*',
    // Checked by the server as part of the signature, and kept by it.
    'x-amz-content-sha256': sha256,
    'x-amz-checksum-sha256': base64Of(sha256),
    [`x-amz-meta-${DIGEST_NAME}`]: sha256,
    ...(encryption && { 'x-amz-server-side-encryption': encryption.mode }),
    ...(encryption?.mode === 'aws:kms' && { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.keyId }),
  }
  return { url: await signed({ size, headers }), headers }
}

function invalid(message: string, remedy: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { remedy })
}
