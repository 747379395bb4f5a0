import 'reflect-metadata'
import { KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { nameConstraints } from './name-constraints.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const hourMs = 60 * 60 * 1000
// Longer than an attempt lasts, within what TLS clients take from a certificate of a server.
const validMs = 30 * 24 * hourMs

const serialNumber = (): string => Buffer.concat([Buffer.of(1), randomBytes(15)]).toString('hex')
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

/** The authority of one attempt. Its key is in this process's memory only. */
export interface Authority {
  /** Its certificate, as PEM. */
  readonly pem: string
  /** A certificate of a host, as PEM. That it is one of its hosts is for the caller to know, and for clients to check. */
  readonly certificateOf: (host: string) => Promise<string>
  /** What the gateway shows as one of its hosts; made once. */
  readonly contextFor: (host: string) => Promise<SecureContext>
}

/** Makes an authority for some hosts that, by its own certificate, can speak for no others. */
export async function createAuthority(hosts: readonly string[], now: number): Promise<Authority> {
  const [keys, leafKeys] = await Promise.all([newKeys(), newKeys()])
  const dates = { notBefore: new Date(now - hourMs), notAfter: new Date(now + validMs) }
  const authority = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: 'CN=Seamark egress authority of one attempt',
      ...dates,
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new Extension('2.5.29.30', true, Uint8Array.from(nameConstraints(hosts))),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  )
  const key = KeyObject.from(leafKeys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
  const contexts = new Map<string, Promise<SecureContext>>()

  async function certificateOf(host: string): Promise<string> {
    const leaf = await X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        // No common name: it holds 64 characters, and some clients would look in it for a host.
        subject: 'O=Seamark egress gateway',
        issuer: authority.subject,
        ...dates,
        signingAlgorithm: algorithm,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([{ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }]),
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      },
      webcrypto,
    )
    return leaf.toString('pem')
  }

  const issue = async (host: string): Promise<SecureContext> =>
    createSecureContext({ cert: await certificateOf(host), key, minVersion: 'TLSv1.2' })

  return {
    pem: `${authority.toString('pem')}\n`,
    certificateOf,
    contextFor(host) {
      const known = contexts.get(host) ?? issue(host)
      contexts.set(host, known)
      return known
    },
  }
}
