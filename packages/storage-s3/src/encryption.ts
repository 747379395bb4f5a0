import { SeamError } from '@seamark/kit'
import type { EncryptionFacts, S3Encryption } from './port.ts'

/** Whether what a server says of an object's encryption is what was asked for. */
export function isEncryptedAs(wanted: S3Encryption | undefined, facts: EncryptionFacts): boolean {
  if (wanted === undefined) return true
  if (facts.mode !== wanted.mode) return false
  if (wanted.mode === 'AES256') return true
  const { keyId } = wanted
  // Answers name a key by its ARN; which one an alias stands for is the account's to say.
  if (/(?:^|:)alias\//.test(keyId)) return facts.keyId !== undefined
  return facts.keyId === keyId || facts.keyId?.endsWith(`:key/${keyId}`) === true
}

export function notEncrypted(key: string, wanted: S3Encryption | undefined, facts: EncryptionFacts): SeamError {
  return new SeamError(
    'UNSUPPORTED',
    `The server says that ${key} is encrypted with ${facts.mode ?? 'nothing'} and key ${facts.keyId ?? 'none'}, not with ${wanted?.mode ?? 'its default'}.`,
    { remedy: 'Use a server and a bucket policy that keep the asked encryption.', place: { pointer: '/encryption' } },
  )
}
