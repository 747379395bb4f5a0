import type { AnchorCheck, AnchorReceipt, TrustedKey, TrustFile } from '@seamark/core'
import { isSeamError, sha256Hex } from '@seamark/kit'
import { parseCheckpointText, parseNote, parseVerifierKey, verifyNote } from '@seamark/log'
import type { Note, TreeHead, VerifierKey } from '@seamark/log'

/** What a receipt of this anchor says beside the head. */
export interface ReceiptBody {
  /** Lower-case hex SHA-256 of the note that was left. */
  readonly sha256: string
}

export function receiptBody(receipt: AnchorReceipt): ReceiptBody | undefined {
  const { body } = receipt
  if (typeof body !== 'object' || body === null) return undefined
  const sha256: unknown = Reflect.get(body, 'sha256')
  return typeof sha256 === 'string' ? { sha256 } : undefined
}

function fail(reason: string): AnchorCheck {
  return { status: 'fail', reason }
}

function taken(note: string): { readonly note: Note; readonly head: TreeHead } | undefined {
  try {
    const parsed = parseNote(note)
    return { note: parsed, head: parseCheckpointText(parsed.text) }
  } catch (error) {
    if (isSeamError(error)) return undefined
    throw error
  }
}

function known(
  trusted: readonly TrustedKey[],
): readonly (VerifierKey & { readonly compromised: boolean })[] | undefined {
  try {
    return trusted.map((key) => ({ ...parseVerifierKey(key.key), compromised: key.compromisedSince !== undefined }))
  } catch (error) {
    if (isSeamError(error)) return undefined
    throw error
  }
}

/** Judges what is at the anchor's place now against a receipt and the keys that are trusted. Pure. */
export function judge(receipt: AnchorReceipt, found: string | undefined, trust: TrustFile): AnchorCheck {
  const body = receiptBody(receipt)
  if (body === undefined) return fail('malformed-receipt')
  if (found === undefined) return fail('gone')
  if (sha256Hex(found) !== body.sha256) return fail('changed')
  const there = taken(found)
  if (there === undefined) return fail('changed')
  const { origin, size, root } = there.head
  if (origin !== receipt.origin || size !== receipt.size || root !== receipt.root) return fail('other-checkpoint')

  const trusted = trust.keys.filter((key) => key.role === 'log' && key.origin === origin)
  if (trusted.length === 0) return { status: 'not-checked', reason: 'no-trusted-key' }
  const keys = known(trusted)
  if (keys === undefined) return { status: 'not-checked', reason: 'malformed-trust' }
  const { verified, broken } = verifyNote(there.note, keys)
  if (broken.length > 0) return fail('bad-signature')
  if (verified.length === 0) return fail('not-signed-by-trusted-key')
  // A file proves no time: whether a compromised key signed before it was can not be known here.
  const sound = keys.some(
    (key) => !key.compromised && verified.some(({ keyId, name }) => keyId === key.keyId && name === key.name),
  )
  return sound ? { status: 'pass' } : fail('key-compromised')
}
