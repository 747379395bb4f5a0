/**
 * What Java needs to know of a way out. Its trust store is PKCS #12 (RFC 7292) without a password: it holds nothing that is
 * secret, so nothing in it is encrypted, and who may write it is for the file system.
 *
 * @module
 */

const SEQUENCE = 0x30
const SET = 0x31
const OCTETS = 0x04
const INTEGER = 0x02
const IDENTIFIER = 0x06
const UTF16 = 0x1e
/** `[0] EXPLICIT`. */
const TAGGED = 0xa0

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), content])
  const bytes = Buffer.from(size.toString(16).padStart(8, '0'), 'hex')
  const length = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content])
}

function identifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const base128 = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) base128.unshift((left % 128) | 0x80)
    return base128
  })
  return der(IDENTIFIER, Buffer.from(bytes))
}

const data = identifier('1.2.840.113549.1.7.1')
const certificateBag = identifier('1.2.840.113549.1.12.10.1.3')
const x509 = identifier('1.2.840.113549.1.9.22.1')
const friendlyName = identifier('1.2.840.113549.1.9.20')
/** What Java asks for before it trusts a certificate of such a file, and any purpose as its value. */
const trustedUse = identifier('2.16.840.1.113894.746875.1.1')
const anyPurpose = identifier('2.5.29.37.0')

function bag(certificate: Uint8Array, at: number): Buffer {
  const name = Buffer.from(`ca-${at}`, 'utf16le').swap16()
  return der(
    SEQUENCE,
    certificateBag,
    der(TAGGED, der(SEQUENCE, x509, der(TAGGED, der(OCTETS, certificate)))),
    der(SET, der(SEQUENCE, friendlyName, der(SET, der(UTF16, name))), der(SEQUENCE, trustedUse, der(SET, anyPurpose))),
  )
}

function certificatesIn(pem: string): Buffer[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END CERTIFICATE-----/g)
  return [...blocks].map(([, text = '']) => Buffer.from(text, 'base64'))
}

/** The bytes of a trust store with the certificates of these PEM texts. */
export function trustStore(pems: readonly string[]): Buffer {
  const bags = pems.flatMap(certificatesIn).map(bag)
  const contents = der(SEQUENCE, ...bags)
  const safe = der(SEQUENCE, der(SEQUENCE, data, der(TAGGED, der(OCTETS, contents))))
  return der(SEQUENCE, der(INTEGER, Buffer.of(3)), der(SEQUENCE, data, der(TAGGED, der(OCTETS, safe))))
}

/** What Java is told of a proxy on a port of the loopback, and of its trust store: it looks at no variable of other programs. */
export function javaOptions(port: number, store: string | undefined): readonly string[] {
  return [
    ...['http', 'https'].flatMap((scheme) => [`-D${scheme}.proxyHost=127.0.0.1`, `-D${scheme}.proxyPort=${port}`]),
    '-Dhttp.nonProxyHosts=localhost|127.0.0.1',
    ...(store === undefined ? [] : [`-Djavax.net.ssl.trustStore=${store}`, '-Djavax.net.ssl.trustStoreType=PKCS12']),
  ]
}
