import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SeamError } from '@seamark/kit'
import { SignJWT } from 'jose'

const leastBits = 2_048

/** PKCS #1, as GitHub gives it, or PKCS #8. */
function keyOf(name: string, pem: Uint8Array): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey(Buffer.from(pem))
  } catch {
    // The cause is left out: it could quote the key.
  }
  if (key?.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < leastBits)
    throw new SeamError('UNAVAILABLE', `The secret ${name} is no private RSA key of ${leastBits} bits in PEM.`, {
      remedy: 'Set the file that GitHub gave for the App.',
    })
  return key
}

/** A JSON Web Token (RFC 7519) by which the holder of a key says who it is, signed with RS256. Times are in seconds. */
export function signedAssertion(
  name: string,
  privateKey: Uint8Array,
  { issuer, issuedAt, expiresAt }: { readonly issuer: string; readonly issuedAt: number; readonly expiresAt: number },
): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(keyOf(name, privateKey))
}
