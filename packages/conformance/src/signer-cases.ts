import type { PublicKey, Signer } from '@seamark/core'
import { requireSoundKey } from '@seamark/log'
import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { expectCode, expectEqual, fail, together, within } from './check.ts'
import { expectClaim, identityCase } from './identity-case.ts'
import type { Case } from './suite.ts'

const roles = ['log', 'attestation', 'dispatch', 'export', 'witness']
// 4096 bytes is what every holder of keys signs with Ed25519, AWS KMS included.
const sizes = [0, 1, 31, 32, 33, 64, 1000, 4096]

function message(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed * 17 + (at >> 8)) & 0xff)
}

/** The key as Node reads it. */
function verifierOf({ algorithm, bytes }: PublicKey): KeyObject {
  if (algorithm === 'ed25519') {
    expectEqual(bytes.length, 32, 'bytes of an Ed25519 key')
    requireSoundKey(bytes)
    const x = Buffer.from(bytes).toString('base64url')
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  }
  expectEqual(algorithm, 'ecdsa-p256-sha256', 'algorithm')
  const key = createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' })
  expectEqual(key.asymmetricKeyDetails?.namedCurve, 'prime256v1', 'curve')
  return key
}

function holds(key: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(key.algorithm === 'ed25519' ? null : 'sha256', bytes, verifierOf(key), signature)
}

async function expectSigned(signer: Signer, bytes: Uint8Array, what: string): Promise<void> {
  const signed = await within(signer.sign(bytes), what)
  const key = await within(signer.publicKey(), 'publicKey')
  expectEqual([signed.algorithm, signed.keyId], [key.algorithm, key.keyId], `${what}: algorithm and key`)
  if (!holds(key, bytes, signed.signature)) fail(`${what}: the public key does not verify the signature`)
}

/** Every behaviour of a signer. */
export const signerCases: readonly Case<Signer>[] = [
  identityCase('signer/v1', ({ role, guarantees }) => {
    if (!roles.includes(role)) fail(`role ${inspect(role)}`)
    expectClaim(guarantees.keyConfined, 'keyConfined')
  }),
  {
    id: 'signer/verifies',
    about: 'what it signs is verified by its public key, over the bytes as they are, of any size up to 4096',
    async run({ seam }) {
      for (const size of sizes) await expectSigned(seam, message(size), `${size} bytes`)
    },
  },
  {
    id: 'signer/one-message',
    about: 'a signature holds for no other message',
    async run({ seam }) {
      const bytes = message(200)
      const { signature } = await within(seam.sign(bytes), 'sign')
      const key = await within(seam.publicKey(), 'publicKey')
      const others = [bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0)]), message(200, 2)]
      for (const other of others) if (holds(key, other, signature)) fail('the signature holds for another message')
    },
  },
  {
    id: 'signer/key-form',
    about: 'an Ed25519 key is 32 sound bytes, a P-256 key its DER; roles that sign notes and manifests have Ed25519',
    async run({ seam }) {
      const key = await within(seam.publicKey(), 'publicKey')
      if (!(key.bytes instanceof Uint8Array)) fail('the key is not bytes')
      if (typeof key.keyId !== 'string' || key.keyId === '') fail('the key has no id')
      verifierOf(key)
      if (['log', 'export', 'witness'].includes(seam.role)) expectEqual(key.algorithm, 'ed25519', 'algorithm')
    },
  },
  {
    id: 'signer/bytes-as-given',
    about: 'what the caller does with its bytes after the call does not change what is signed',
    async run({ seam }) {
      const bytes = message(64)
      const given = Uint8Array.from(bytes)
      const signing = seam.sign(given)
      given.fill(0)
      const { signature } = await within(signing, 'sign')
      if (!holds(await seam.publicKey(), bytes, signature)) fail('it signed what the caller wrote after the call')
    },
  },
  {
    id: 'signer/own-copy',
    about: 'who changes the key that it was given changes it for nobody else',
    async run({ seam }) {
      const first = await within(seam.publicKey(), 'publicKey')
      const kept = Uint8Array.from(first.bytes)
      first.bytes.fill(0)
      expectEqual(Uint8Array.from((await seam.publicKey()).bytes), kept, 'the key after a caller changed its copy')
      await expectSigned(seam, message(40), 'signing after a caller changed its copy')
    },
  },
  {
    id: 'signer/stable-key',
    about: 'the key and its id stay the same, after a restart too',
    async run(subject) {
      const { seam } = subject
      const told = async (signer: Signer) => {
        const { algorithm, bytes, keyId } = await within(signer.publicKey(), 'publicKey')
        return { algorithm, bytes: Buffer.from(bytes).toString('hex'), keyId }
      }
      const first = await told(seam)
      await seam.sign(message(8))
      expectEqual(await told(seam), first, 'the key after signing')
      const again = await subject.reopen?.()
      if (again === undefined) return
      expectEqual(await told(again), first, 'the key after a restart')
      await expectSigned(again, message(8), 'signing after a restart')
    },
  },
  {
    id: 'signer/at-once',
    about: 'eight callers at once each get the signature of their own bytes',
    async run({ seam }) {
      await together(Array.from({ length: 8 }, (_, at) => expectSigned(seam, message(50, at), `caller ${at}`)))
    },
  },
  {
    id: 'signer/abort',
    about: 'an aborted call is ABORTED, and the next one works',
    async run({ seam }) {
      const signal = AbortSignal.abort()
      await expectCode('ABORTED', () => seam.publicKey({ signal }), 'publicKey')
      await expectCode('ABORTED', () => seam.sign(message(8), { signal }), 'sign')
      await expectSigned(seam, message(8), 'signing after an aborted call')
    },
  },
]
