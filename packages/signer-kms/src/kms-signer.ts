import type { KeyRole, PublicKey, Signer, SignerGuarantees } from '@seamark/core'
import { orAbort, SeamError, sha256, throwIfAborted } from '@seamark/kit'
import { requireSoundKey, verifyEd25519 } from '@seamark/log'
import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { kmsAccess } from './kms-access.ts'
import type { KmsAccess } from './kms-access.ts'
import type { KmsPublicKey } from './kms-port.ts'

export interface KmsSignerOptions extends KmsAccess {
  /** What the key vouches for. `log`, `export` and `witness` need an Ed25519 key; others may also have a P-256 key. */
  readonly role: KeyRole
  /**
   * The key that must be there, base64: of the DER that `aws kms get-public-key` gives, or of the 32 bytes of an
   * Ed25519 key as a trust file has it. Default the key that the first call finds.
   */
  readonly publicKey?: string
  /** Name of this instance. Default `kms-` and the role. */
  readonly name?: string
}

/** Most bytes that KMS signs with Ed25519, which can not be hashed before: `Message` of its `Sign`. */
export const MAX_ED25519_BYTES: number = 4096

// KMS keeps private keys in HSMs; that was not tried on AWS from here.
const guarantees: SignerGuarantees = { keyConfined: { value: true, proof: 'unproven' } }

/** A public key with what it takes to check a signature by it. */
interface Pinned extends PublicKey {
  readonly verifier: KeyObject
}

/**
 * Signs with an asymmetric key of AWS KMS: Ed25519 (RFC 8032) over the bytes, or ECDSA P-256 over their SHA-256, in DER.
 * Every signature is checked with the pinned key before it is given out. `keyId` is the key's ARN.
 *
 * Errors: `UNAVAILABLE` (KMS away, throttled, key disabled or to be deleted, clock off), `FORBIDDEN` (the policy line
 * is named), `UNAUTHENTICATED`, `NOT_FOUND`, `INTEGRITY` (another key than pinned, or a wrong signature),
 * `INVALID_INPUT` (key of another kind, endpoint that is not KMS), `LIMIT_EXCEEDED` (over `MAX_ED25519_BYTES`).
 */
export function kmsSigner(options: KmsSignerOptions): Signer {
  const { keyId, role } = options
  const kms = kmsAccess(options)
  const expected = options.publicKey === undefined ? undefined : parsePin(options.publicKey)
  let pinned: Pinned | undefined
  let looking: Promise<Pinned> | undefined

  async function look(): Promise<Pinned> {
    const found = await kms.call(
      { action: 'kms:GetPublicKey' },
      (port, signal) => port.getPublicKey(keyId, signal),
      undefined,
    )
    const key = readKey(found, role, keyId)
    if (expected !== undefined && !matches(key, found.der, expected))
      throw changed(`${found.arn} has another public key than the one that is pinned`)
    return key
  }

  async function key(signal: AbortSignal | undefined): Promise<Pinned> {
    throwIfAborted(signal)
    if (pinned !== undefined) return pinned
    // One call for all that wait; it goes on when one of them stops waiting.
    looking ??= look().finally(() => {
      looking = undefined
    })
    pinned = await orAbort(looking, signal)
    return pinned
  }

  async function sign(message: Uint8Array, signal: AbortSignal | undefined) {
    const by = await key(signal)
    const { algorithm, keyId: arn } = by
    if (algorithm === 'ed25519' && message.length > MAX_ED25519_BYTES)
      throw new SeamError(
        'LIMIT_EXCEEDED',
        `KMS signs at most ${MAX_ED25519_BYTES} bytes with Ed25519, not ${message.length}.`,
        {
          remedy: 'Use a local signer for this role.',
        },
      )
    const request =
      algorithm === 'ed25519'
        ? ({ algorithm: 'ED25519_SHA_512', message } as const)
        : ({ algorithm: 'ECDSA_SHA_256', digest: sha256(message) } as const)
    const answer = await kms.call({ action: 'kms:Sign', arn }, (port, stop) => port.sign(keyId, request, stop), signal)
    if (answer.arn !== arn) throw changed(`${keyId} is now ${answer.arn}, and was ${arn}`)
    const right =
      algorithm === 'ed25519'
        ? verifyEd25519(by.bytes, message, answer.signature)
        : verify('sha256', message, by.verifier, answer.signature)
    if (!right) throw changed(`a signature by ${arn} is not one by its pinned public key`)
    return { signature: Uint8Array.from(answer.signature), algorithm, keyId: arn }
  }

  return {
    spec: 'signer/v1',
    kind: 'aws.kms',
    name: options.name ?? `kms-${role}`,
    role,
    guarantees,
    // The caller may change its bytes while KMS is asked.
    sign: (bytes, { signal } = {}) => sign(Uint8Array.from(bytes), signal),
    async publicKey({ signal } = {}) {
      const { algorithm, bytes, keyId: arn } = await key(signal)
      return { algorithm, bytes: Uint8Array.from(bytes), keyId: arn }
    },
  }
}

/** Errors: `INVALID_INPUT` for a key that can not serve the role. */
function readKey({ arn, spec, usage, der }: KmsPublicKey, role: KeyRole, keyId: string): Pinned {
  const onlyEd25519 = role === 'log' || role === 'export' || role === 'witness'
  const fitting = onlyEd25519 ? ['ECC_NIST_EDWARDS25519'] : ['ECC_NIST_EDWARDS25519', 'ECC_NIST_P256']
  if (!fitting.includes(spec) || usage !== 'SIGN_VERIFY')
    throw new SeamError(
      'INVALID_INPUT',
      `The key ${keyId} is of spec ${spec}, for ${usage}; role ${role} needs ${fitting.join(' or ')}.`,
      {
        remedy: `Make one: aws kms create-key --key-spec ${fitting.at(-1) ?? ''} --key-usage SIGN_VERIFY`,
      },
    )
  try {
    const verifier = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    if (spec === 'ECC_NIST_P256') {
      if (verifier.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('another curve')
      return { algorithm: 'ecdsa-p256-sha256', bytes: Uint8Array.from(der), keyId: arn, verifier }
    }
    const bytes = Uint8Array.from(Buffer.from(verifier.export({ format: 'jwk' }).x ?? '', 'base64url'))
    if (verifier.asymmetricKeyType !== 'ed25519') throw new TypeError('another kind')
    requireSoundKey(bytes)
    return { algorithm: 'ed25519', bytes, keyId: arn, verifier }
  } catch (error) {
    throw new SeamError('INTEGRITY', `The public key of ${arn} is not a sound one of spec ${spec}.`, { cause: error })
  }
}

function parsePin(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length < 32 || bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, ''))
    throw new SeamError('INVALID_INPUT', 'The pinned public key is not base64 of a public key.', {
      remedy: 'Take what this prints: aws kms get-public-key --key-id KEY --query PublicKey --output text',
    })
  return bytes
}

function matches(key: PublicKey, der: Uint8Array, expected: Uint8Array): boolean {
  return (
    Buffer.compare(der, expected) === 0 || (key.algorithm === 'ed25519' && Buffer.compare(key.bytes, expected) === 0)
  )
}

function changed(what: string): SeamError {
  return new SeamError('INTEGRITY', `Not the key that vouched until now: ${what}.`, {
    remedy: 'Find out who changed key or alias in KMS; a planned change of keys is recorded in the log first.',
  })
}
