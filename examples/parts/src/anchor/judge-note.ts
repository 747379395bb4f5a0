import type { AnchorCheck, AnchorReceipt, TrustFile } from '@seamark/core'
import { isSeamError, sha256Hex } from '@seamark/kit'
import { parseCheckpoint, parseNote, parseVerifierKey, verifyNote } from '@seamark/log'

const fail = (reason: string): AnchorCheck => ({ status: 'fail', reason })
const notChecked = (reason: string): AnchorCheck => ({ status: 'not-checked', reason })

/** `undefined` for what is malformed: `check` gives data, never an exception. */
function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (isSeamError(error)) return undefined
    throw error
  }
}

/** Judges the note that is there now, against the receipt of what was left and the keys that are trusted. Pure. */
export function judgeNote(receipt: AnchorReceipt, note: string | undefined, trust: TrustFile): AnchorCheck {
  const { body } = receipt
  const sha256: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'sha256') : undefined
  if (typeof sha256 !== 'string') return fail('malformed-receipt')
  if (note === undefined) return fail('gone')
  if (sha256Hex(note) !== sha256) return fail('changed')
  const head = parsed(() => parseCheckpoint(note))
  if (head === undefined) return fail('changed')
  if (head.origin !== receipt.origin || head.size !== receipt.size || head.root !== receipt.root)
    return fail('other-checkpoint')

  const trusted = trust.keys.filter(({ role, origin }) => role === 'log' && origin === head.origin)
  if (trusted.length === 0) return notChecked('no-trusted-key')
  const keys = parsed(() => trusted.map(({ key }) => parseVerifierKey(key)))
  if (keys === undefined) return notChecked('malformed-trust')
  const { verified, broken } = verifyNote(parseNote(note), keys)
  if (broken.length > 0) return fail('bad-signature')
  if (verified.length === 0) return fail('not-signed-by-trusted-key')
  // No time is proven here: whether a compromised key signed before it was can not be known.
  const isSound = keys.some(
    ({ keyId, name }, at) =>
      trusted[at]?.compromisedSince === undefined && verified.some((by) => by.keyId === keyId && by.name === name),
  )
  return isSound ? { status: 'pass' } : fail('key-compromised')
}
