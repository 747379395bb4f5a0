import { SeamError } from '@seamark/kit'
import type { AgeKey } from './age-port.ts'
import { readIdentities } from './identity-file.ts'
import type { SecretHeader } from './secret-file.ts'
import { headerLine } from './secret-file.ts'

/** What values are encrypted under, with age (age-encryption.org/v1). */
export type SecretEncryption =
  /** A file as `age-keygen` writes it, private to this user. Every identity in it opens what is written. */
  | { readonly identityFile: string }
  /** Asked each time that a value is written or read; nothing keeps what it answers. */
  | { readonly passphrase: () => string | Promise<string> }

/** The body of a file: with `age` the header is in it too, so that it can not be exchanged for another. */
export async function seal(
  header: SecretHeader,
  value: Uint8Array,
  encryption: SecretEncryption | undefined,
): Promise<Uint8Array> {
  if (encryption === undefined) return value
  const key = await keyOf(encryption)
  const { ageEncrypt } = await import('./age-port.ts')
  try {
    return await ageEncrypt(key, Buffer.concat([Buffer.from(`${headerLine(header)}\n`), value]))
  } catch {
    // The cause is left out here and below: it could quote the key.
    throw notAKey(encryption)
  }
}

/** The inverse of `seal`. Errors: `FORBIDDEN` where the key is missing or another one, `INTEGRITY` where the header was exchanged. */
export async function unseal(
  header: SecretHeader,
  body: Uint8Array,
  encryption: SecretEncryption | undefined,
): Promise<Uint8Array> {
  requireSame(header, encryption)
  if (encryption === undefined) return new Uint8Array(body)
  const key = await keyOf(encryption)
  const { ageDecrypt } = await import('./age-port.ts')
  let opened: Uint8Array
  try {
    opened = await ageDecrypt(key, body)
  } catch {
    throw new SeamError('FORBIDDEN', `The key that was given does not open the secret ${header.name}.`, {
      remedy: 'Give the identity or passphrase that it was set with.',
    })
  }
  const line = Buffer.from(`${headerLine(header)}\n`)
  if (!line.equals(opened.subarray(0, line.length)))
    throw new SeamError('INTEGRITY', `What is said of the secret ${header.name} is not what was encrypted with it.`, {
      place: { pointer: '', line: 1 },
      remedy: 'Somebody changed its file: have the secret issued anew, and look who could.',
    })
  return opened.slice(line.length)
}

/** A store never takes a plain file for an encrypted one, or the other way round. */
export function requireSame(header: SecretHeader, encryption: SecretEncryption | undefined): void {
  const wanted = encryption === undefined ? 'plain' : 'age'
  if (header.sealed !== wanted)
    throw new SeamError(
      'FORBIDDEN',
      `The secret ${header.name} is ${header.sealed === 'age' ? 'encrypted, and no key was given' : 'not encrypted, and a key was given'}.`,
      {
        remedy:
          header.sealed === 'age'
            ? 'Give the identity or passphrase that it was set with.'
            : 'Leave the key out; or remove the secret and set it again with the key.',
      },
    )
}

async function keyOf(encryption: SecretEncryption): Promise<AgeKey> {
  if ('identityFile' in encryption) return { identities: await readIdentities(encryption.identityFile) }
  const passphrase = await encryption.passphrase()
  if (typeof passphrase !== 'string' || passphrase === '') throw notAKey(encryption)
  return { passphrase }
}

function notAKey(encryption: SecretEncryption): SeamError {
  return 'identityFile' in encryption
    ? new SeamError('INTEGRITY', `The identity file ${encryption.identityFile} has an identity that is none.`, {
        remedy: 'Restore it from a backup.',
      })
    : new SeamError('INVALID_INPUT', 'The passphrase is empty.', { remedy: 'Give one of several random words.' })
}
