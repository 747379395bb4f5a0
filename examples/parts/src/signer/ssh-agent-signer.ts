import type { KeyRole, PublicKey, Signer, SignerGuarantees } from '@seamark/core'
import { SeamError, sha256, throwIfAborted } from '@seamark/kit'
import { requireSoundKey, verifyEd25519 } from '@seamark/log'
import { identitiesFrom, identitiesRequest, keyBlob, signatureFrom, signatureRequest } from './agent-protocol.ts'
import { askAgent } from './ask-agent.ts'

export interface SshAgentSignerOptions {
  /** Where the agent listens, such as `SSH_AUTH_SOCK` of a service's own agent. */
  readonly socketPath: string
  /** The key that signs, as `ssh-add -L` prints it: `ssh-ed25519 AAAA… comment`. It signs nothing else. */
  readonly publicKey: string
  readonly role: KeyRole
  /** How long the agent may take, with a person who has to confirm. Default 60,000. */
  readonly timeoutMs?: number
  /** Name of this instance. Default `ssh-agent-` and the role. */
  readonly name?: string
}

// An agent hands no key out. Where the key came from, such as a file of the same user, is not known here.
const guarantees: SignerGuarantees = { keyConfined: { value: false, proof: 'unproven' } }

/**
 * Signs with an Ed25519 key that an SSH agent holds. Errors of the factory: `INVALID_INPUT`; of calls: `NOT_FOUND` (the agent has no such key), `FORBIDDEN`
 * (it refused, such as where a person did), `INTEGRITY` (the signature is not of this key), `UNAVAILABLE`, `ABORTED`.
 */
export function sshAgentSigner(options: SshAgentSignerOptions): Signer {
  const { socketPath, role, timeoutMs = 60_000, name = `ssh-agent-${role}` } = options
  const key = parseKey(options.publicKey)
  const keyId = `SHA256:${Buffer.from(sha256(keyBlob(key)))
    .toString('base64')
    .replace(/=+$/, '')}`

  async function refused(signal: AbortSignal | undefined): Promise<SeamError> {
    const known = identitiesFrom(await askAgent(socketPath, identitiesRequest(), timeoutMs, signal))
    if (known.some((blob) => blob.equals(keyBlob(key))))
      return new SeamError('FORBIDDEN', `The SSH agent does not sign with the key ${keyId}.`, {
        remedy: 'See whether it asks for a confirmation that nobody gave.',
      })
    return new SeamError('NOT_FOUND', `The SSH agent has no key ${keyId}.`, { remedy: 'Add it: ssh-add FILE.' })
  }

  return {
    spec: 'signer/v1',
    kind: 'ssh-agent',
    name,
    role,
    guarantees,
    async sign(bytes, { signal } = {}) {
      // The caller may use its bytes for something else from here on.
      const message = Uint8Array.from(bytes)
      const answer = await askAgent(socketPath, signatureRequest(key, message), timeoutMs, signal)
      const signature = signatureFrom(answer)
      if (signature === undefined) throw await refused(signal)
      if (!verifyEd25519(key, message, signature))
        throw new SeamError('INTEGRITY', `What the SSH agent signed does not hold under the key ${keyId}.`)
      return { signature, algorithm: 'ed25519', keyId }
    },
    async publicKey({ signal } = {}): Promise<PublicKey> {
      throwIfAborted(signal)
      return { algorithm: 'ed25519', bytes: Uint8Array.from(key), keyId }
    },
  }
}

function parseKey(text: string): Uint8Array {
  const [form, base64 = ''] = text.trim().split(/\s+/)
  const key = Uint8Array.from(Buffer.from(base64, 'base64').subarray(-32))
  if (form !== 'ssh-ed25519' || keyBlob(key).toString('base64') !== base64)
    throw new SeamError('INVALID_INPUT', 'The public key of sshAgentSigner is not an Ed25519 key of SSH.', {
      remedy: 'Give a line of ssh-add -L that begins with ssh-ed25519; make one with ssh-keygen -t ed25519.',
    })
  requireSoundKey(key)
  return key
}
