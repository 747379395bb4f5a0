import { SeamError } from '@seamark/kit'

// The protocol of SSH agents (draft-ietf-sshm-ssh-agent): a length, a type, and fields. A string is its length and its bytes.
const types = { failure: 5, requestIdentities: 11, identities: 12, requestSignature: 13, signature: 14 } as const

/** The form of Ed25519 keys and signatures in it (RFC 8709). */
const algorithm = Buffer.from('ssh-ed25519')

/** Longest message that is read. */
export const MAX_MESSAGE_BYTES = 262_144

const string = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.byteLength)
  return Buffer.concat([length, bytes])
}

/** The 32 raw bytes of an Ed25519 key as agents name it. */
export const keyBlob = (key: Uint8Array): Buffer => Buffer.concat([string(algorithm), string(key)])

export const identitiesRequest = (): Buffer => string(Buffer.of(types.requestIdentities))

export const signatureRequest = (key: Uint8Array, bytes: Uint8Array): Buffer =>
  string(Buffer.concat([Buffer.of(types.requestSignature), string(keyBlob(key)), string(bytes), Buffer.alloc(4)]))

/** The 64 bytes of a signature; `undefined` where the agent refuses. Errors: `UNAVAILABLE` for what is no such answer. */
export function signatureFrom(answer: Buffer): Uint8Array | undefined {
  if (answer[0] === types.failure) return undefined
  const [form, signature] = stringsOf(stringsOf(fieldsOf(answer, types.signature))[0] ?? Buffer.alloc(0))
  if (form?.equals(algorithm) !== true || signature?.byteLength !== 64) throw unreadable()
  return Uint8Array.from(signature)
}

/** The keys that the agent has, as it names them. Errors: `UNAVAILABLE` for what is no such answer. */
export function identitiesFrom(answer: Buffer): readonly Buffer[] {
  // A number of keys, then a key and a comment for each.
  return stringsOf(fieldsOf(answer, types.identities).subarray(4)).filter((_, index) => index % 2 === 0)
}

function fieldsOf(answer: Buffer, type: number): Buffer {
  if (answer[0] !== type) throw unreadable()
  return answer.subarray(1)
}

function stringsOf(fields: Buffer): readonly Buffer[] {
  const strings: Buffer[] = []
  for (let at = 0; at < fields.byteLength;) {
    const start = at + 4
    if (start > fields.byteLength) throw unreadable()
    at = start + fields.readUInt32BE(start - 4)
    if (at > fields.byteLength) throw unreadable()
    strings.push(fields.subarray(start, at))
  }
  return strings
}

const unreadable = (): SeamError =>
  new SeamError('UNAVAILABLE', 'What answers on the socket does not speak as an SSH agent.', {
    remedy: 'Name the socket of an agent, as SSH_AUTH_SOCK does.',
  })
