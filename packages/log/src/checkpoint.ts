import type { Checkpoint, Signer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { fromBase64, toBase64 } from './base64.ts'
import { toHex } from './hash.ts'
import { parseNote, signNote } from './note.ts'
import { ORIGIN } from './origin.ts'

/** A head of a log before it is signed. `root` is lower-case hex. */
export type TreeHead = Pick<Checkpoint, 'origin' | 'size' | 'root'>

/** The text of a checkpoint (c2sp.org/tlog-checkpoint): origin, size and root, no extension lines. Errors: `INVALID_INPUT`. */
export function formatCheckpoint({ origin, size, root }: TreeHead): string {
  if (!ORIGIN.test(origin) || !Number.isSafeInteger(size) || size < 0 || !/^[0-9a-f]{64}$/.test(root))
    throw new SeamError('INVALID_INPUT', 'A checkpoint has an origin, a size and a root of 32 bytes in hex.')
  return `${origin}\n${size}\n${toBase64(Buffer.from(root, 'hex'))}\n`
}

/** The head that a checkpoint's text states. Errors: `INVALID_INPUT`, also for extension lines. */
export function parseCheckpointText(text: string): TreeHead {
  const [origin = '', digits = '', root = '', end, ...rest] = text.split('\n')
  const size = Number(digits)
  if (end !== '' || rest.length > 0 || !/^(?:0|[1-9][0-9]{0,15})$/.test(digits) || !Number.isSafeInteger(size))
    throw new SeamError('INVALID_INPUT', 'A checkpoint is three lines: origin, size and root.')
  const head = { origin, size, root: toHex(fromBase64(root)) }
  if (formatCheckpoint(head) !== text) throw new SeamError('INVALID_INPUT', 'The checkpoint is not in canonical form.')
  return head
}

/** A checkpoint from its note; its signatures are not verified here. Errors: `INVALID_INPUT`. */
export function parseCheckpoint(note: string): Checkpoint {
  return { ...parseCheckpointText(parseNote(note).text), note }
}

/**
 * Signs a head with the key of role `log`; the key's name is the origin. The caller has made the
 * head durable before, and has seen that it is consistent with every head signed so far.
 *
 * Errors: `INVALID_INPUT` (another role or algorithm, a key that is not sound), `INTEGRITY` (the
 * signature is not by the signer's public key), and those of the signer.
 */
export async function signCheckpoint(head: TreeHead, signer: Signer, signal?: AbortSignal): Promise<Checkpoint> {
  const options = signal === undefined ? {} : { signal }
  const publicKey = await signer.publicKey(options)
  if (signer.role !== 'log' || publicKey.algorithm !== 'ed25519')
    throw new SeamError('INVALID_INPUT', 'Checkpoints are signed with an Ed25519 key of role log.')
  const note = await signNote(formatCheckpoint(head), {
    name: head.origin,
    key: publicKey.bytes,
    sign: async (bytes) => (await signer.sign(bytes, options)).signature,
  })
  return { origin: head.origin, size: head.size, root: head.root, note }
}
