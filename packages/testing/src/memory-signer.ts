import type { KeyRole, Signer } from '@seamark/core'
import { throwIfAborted } from '@seamark/kit'
import { generateKeyPairSync, sign } from 'node:crypto'

/** A signer with a new Ed25519 key in memory. */
export function memorySigner(role: KeyRole = 'log'): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return {
    spec: 'signer/v1',
    kind: 'memory',
    name: 'memory',
    guarantees: { keyConfined: { value: false, proof: 'tested' } },
    role,
    async sign(message, { signal } = {}) {
      throwIfAborted(signal)
      return { signature: sign(null, message, privateKey), algorithm: 'ed25519', keyId: 'memory' }
    },
    async publicKey({ signal } = {}) {
      throwIfAborted(signal)
      return { algorithm: 'ed25519', bytes: Uint8Array.from(bytes), keyId: 'memory' }
    },
  }
}
