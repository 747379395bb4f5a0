import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'

/** What opens a file: identities (`AGE-SECRET-KEY-1…`), or a passphrase. */
export type AgeKey = { readonly identities: readonly string[] } | { readonly passphrase: string }

/** A new X25519 identity and its recipient. */
export async function newIdentity(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const identity = await generateX25519Identity()
  return { identity, recipient: await identityToRecipient(identity) }
}

/** Encrypts (age-encryption.org/v1) so that each of the identities, or the passphrase, opens it. Throws for what is no identity. */
export async function ageEncrypt(key: AgeKey, bytes: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  if ('passphrase' in key) encrypter.setPassphrase(key.passphrase)
  else for (const identity of key.identities) encrypter.addRecipient(await identityToRecipient(identity))
  return encrypter.encrypt(bytes)
}

/** Throws where the key does not open it. */
export async function ageDecrypt(key: AgeKey, bytes: Uint8Array): Promise<Uint8Array> {
  const decrypter = new Decrypter()
  if ('passphrase' in key) decrypter.addPassphrase(key.passphrase)
  else for (const identity of key.identities) decrypter.addIdentity(identity)
  return decrypter.decrypt(bytes)
}
