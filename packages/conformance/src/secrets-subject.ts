import type { SecretStore } from '@seamark/core'
import { createHash } from 'node:crypto'
import { fail } from './check.ts'
import type { Subject } from './suite.ts'

/** A store under test with what fills it, as whoever issues secrets does. */
export interface SecretsSubject extends Subject<SecretStore> {
  /**
   * Gives a secret this value, in place of the one that it has. It is asked for values of at least 8 characters, and
   * for the names `alpha`, `beta` and `Alpha`; `expiresAt` (epoch milliseconds) is given where the store claims `expiry`.
   */
  readonly put: (ref: string, value: Uint8Array, expiresAt?: number) => Promise<void>
  readonly remove: (ref: string) => Promise<void>
}

function isSecretsSubject(subject: Subject<SecretStore>): subject is SecretsSubject {
  return 'put' in subject && typeof subject.put === 'function' && 'remove' in subject
}

export function filled(subject: Subject<SecretStore>): SecretsSubject {
  if (!isSecretsSubject(subject)) fail('a secret store needs a subject with put and remove')
  return subject
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Whether the store says that values may have an end. */
export function claimsExpiry({ guarantees }: SecretStore): boolean {
  if (!('expiry' in guarantees)) return false
  const { expiry } = guarantees
  return typeof expiry === 'object' && expiry !== null && 'value' in expiry && expiry.value === true
}

/** How a value, or a digest that a guess at it could be checked against, would look in what is told of a secret. */
export function traces(ref: string, value: Uint8Array): readonly string[] {
  const raw = Buffer.from(value)
  const spoken = [raw, Buffer.concat([Buffer.from(ref), raw]), Buffer.concat([Buffer.from(`${ref}\0`), raw])]
  const digests = spoken.flatMap((data) =>
    ['md5', 'sha1', 'sha256', 'sha512'].map((algorithm) => createHash(algorithm).update(data).digest()),
  )
  return [
    raw.toString('utf8'),
    raw.toString('base64').replaceAll('=', ''),
    raw.toString('base64url'),
    raw.toString('hex'),
    // A digest may be shortened: its first bytes are enough to check a guess.
    ...digests.flatMap((digest) => [digest.toString('hex').slice(0, 12), digest.toString('base64').slice(0, 8)]),
  ]
}
