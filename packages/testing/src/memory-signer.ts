import type { KeyRole, Signer } from '@seamark/core'
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
    sign: async (message) => ({ signature: sign(null, message, privateKey), algorithm: 'ed25519', keyId: 'memory' }),
    publicKey: async () => ({ algorithm: 'ed25519', bytes, keyId: 'memory' }),
  }
}
