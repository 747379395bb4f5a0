import type { KeyRole } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A private key with what others know of it. */
export interface LocalKey {
  readonly privateKey: KeyObject
  /** The 32 raw bytes (RFC 8032). */
  readonly publicBytes: Uint8Array
  /** First 16 bytes of the SHA-256 of `publicBytes`, lower-case hex. */
  readonly keyId: string
}

// RFC 7468 allows text before the key; readers of PEM skip it. A seed has no checksum of its own:
// the id is what shows that the file is damaged.
const explanation = /^seamark ed25519 key, role ([a-z]+), id ([0-9a-f]{32})\n/
const pem = /^-----BEGIN PRIVATE KEY-----\n(?:[A-Za-z0-9+/=]+\n)+-----END PRIVATE KEY-----\n$/

function fromPrivateKey(privateKey: KeyObject): LocalKey {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const publicBytes = new Uint8Array(Buffer.from(x, 'base64url'))
  return { privateKey, publicBytes, keyId: sha256Hex(publicBytes).slice(0, 32) }
}

/** The text of a new key's file: PKCS#8 PEM after one line that says what it is. */
export function newKeyFile(role: KeyRole): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { keyId } = fromPrivateKey(privateKey)
  const body = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return `seamark ed25519 key, role ${role}, id ${keyId}\n${body}`
}

/**
 * The key of a file. A file without the first line, as `openssl genpkey -algorithm ed25519` makes
 * it, is read too. Errors: `INTEGRITY` for one that is damaged or of another role.
 */
export function parseKeyFile(text: string, role: KeyRole, path: string): LocalKey {
  const damaged = (what: string) =>
    new SeamError('INTEGRITY', `The key file ${path} is not usable: ${what}.`, {
      remedy: 'Restore it from a backup; a new key is another identity, and old signatures stay with the old one.',
    })
  const [first = '', statedRole, statedId] = explanation.exec(text) ?? []
  const body = text.slice(first.length)
  if (!pem.test(body)) throw damaged('it is not one PKCS#8 key in PEM')
  let key: LocalKey
  try {
    key = fromPrivateKey(createPrivateKey({ key: body, format: 'pem' }))
  } catch {
    // The cause is left out: it could quote the key.
    throw damaged('its key can not be read')
  }
  if (key.privateKey.asymmetricKeyType !== 'ed25519') throw damaged('its key is not Ed25519')
  if (statedRole !== undefined && statedRole !== role) throw damaged(`its key is for role ${statedRole}, not ${role}`)
  if (statedId !== undefined && statedId !== key.keyId)
    throw damaged('its key is not the one that its first line names')
  return key
}
