import { createECDH, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

// Node hashes whatever it signs with ECDSA. A digest that was made elsewhere is signed here, by FIPS 186-5, section 6.4,
// on Node's scalar multiplication. For keys of tests only: the arithmetic takes a time that depends on the key.

interface Curve {
  /** OpenSSL's name. */
  readonly name: string
  /** Order of the base point. */
  readonly n: bigint
}

const curves: Readonly<Record<string, Curve>> = {
  'P-256': { name: 'prime256v1', n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  'P-384': {
    name: 'secp384r1',
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  secp256k1: { name: 'secp256k1', n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n },
}

function parts(key: KeyObject): Curve & { readonly d: bigint } {
  const { crv = '', d = '' } = key.export({ format: 'jwk' })
  const curve = curves[crv]
  if (curve === undefined) throw new Error(`ECDSA is not here for ${crv}.`)
  return { ...curve, d: toInteger(Buffer.from(d, 'base64url')) }
}

const toInteger = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)

function toBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}

const modulo = (value: bigint, n: bigint): bigint => ((value % n) + n) % n

function power(base: bigint, exponent: bigint, n: bigint): bigint {
  let result = 1n
  for (let b = modulo(base, n), e = exponent; e > 0n; e >>= 1n, b = (b * b) % n) if (e & 1n) result = (result * b) % n
  return result
}

/** The x coordinate of `k` times the base point, modulo the order. */
function xOf(k: bigint, { name, n }: Curve): bigint {
  const ecdh = createECDH(name)
  ecdh.setPrivateKey(toBytes(k, Math.ceil(n.toString(16).length / 2)))
  const point = ecdh.getPublicKey()
  return modulo(toInteger(point.subarray(1, 1 + (point.length - 1) / 2)), n)
}

/** A digest as long as the order, as the digests that KMS takes for these curves nearly are. */
function integerOf(digest: Uint8Array, n: bigint): bigint {
  const excess = 8 * digest.length - n.toString(2).length
  return toInteger(digest) >> BigInt(Math.max(0, excess))
}

/** Signs a digest. The signature is DER. */
export function ecdsaSign(digest: Uint8Array, privateKey: KeyObject): Buffer {
  const curve = parts(privateKey)
  const { n, d } = curve
  for (;;) {
    const k = modulo(toInteger(randomBytes(80)), n - 1n) + 1n
    const r = xOf(k, curve)
    const s = modulo(power(k, n - 2n, n) * (integerOf(digest, n) + r * d), n)
    if (r !== 0n && s !== 0n) return sequence(integer(r), integer(s))
  }
}

/** Whether a DER signature is one over this digest; with the private key, as it is at hand. */
export function ecdsaVerify(digest: Uint8Array, privateKey: KeyObject, signature: Uint8Array): boolean {
  const curve = parts(privateKey)
  const { n, d } = curve
  const pair = readSignature(signature)
  if (pair === undefined || pair.some((value) => value <= 0n || value >= n)) return false
  const [r, s] = pair
  const k = modulo(power(s, n - 2n, n) * (integerOf(digest, n) + r * d), n)
  return k !== 0n && xOf(k, curve) === r
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  // A first bit of 1 would make it negative.
  const body = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
  return Buffer.concat([Buffer.of(0x02, body.length), body])
}

function sequence(...members: readonly Buffer[]): Buffer {
  const body = Buffer.concat(members)
  return Buffer.concat([body.length < 0x80 ? Buffer.of(0x30, body.length) : Buffer.of(0x30, 0x81, body.length), body])
}

function readSignature(der: Uint8Array): readonly [bigint, bigint] | undefined {
  const bytes = Buffer.from(der)
  const start = bytes[1] === 0x81 ? 3 : 2
  const first = bytes.subarray(start + 2, start + 2 + (bytes[start + 1] ?? 0))
  const at = start + 2 + first.length
  const second = bytes.subarray(at + 2)
  if (first.length === 0 || second.length === 0) return undefined
  const [r, s] = [toInteger(first), toInteger(second)]
  // Only the one canonical encoding.
  return sequence(integer(r), integer(s)).equals(bytes) ? [r, s] : undefined
}
