import type { AnchorCheck, AnchorReceipt, TrustFile } from '@seamark/core'
import { isSeamError, sha256Hex } from '@seamark/kit'
import { parseCheckpointText, parseNote, parseVerifierKey, verifyNote } from '@seamark/log'
import type { LockedObject, VersionFacts } from './port.ts'
import type { ReceiptBody } from './receipt.ts'

/** What is at the anchor's place now. */
export interface Found {
  /** The version of the receipt; `undefined` where it is gone. */
  readonly object: LockedObject | undefined
  /** All versions and markers of its key, the newest first. */
  readonly versions: readonly VersionFacts[]
  /** The earliest version of its key, which counts; the receipt's own unless a writer's late try came before it. */
  readonly first: LockedObject | undefined
}

const fail = (reason: string): AnchorCheck => ({ status: 'fail', reason })

/**
 * Judges what is at the anchor's place at `now`, epoch milliseconds, against a receipt and the keys that are trusted.
 * A date that has passed proves nothing, and what is gone since breaks no promise. Pure.
 */
export function judge(
  receipt: AnchorReceipt,
  body: ReceiptBody,
  found: Found,
  trust: TrustFile,
  now: number,
): AnchorCheck {
  const { object, versions, first } = found
  const own = versions.findIndex(({ versionId }) => versionId === body.versionId)
  if (object === undefined || own < 0) {
    if (body.retainUntil <= now) return { status: 'not-checked', reason: 'retention-ended' }
    return fail(versions.length === 0 ? 'not-found' : 'gone')
  }
  if (sha256Hex(object.bytes) !== body.sha256) return fail('changed')
  if (object.mode === undefined || object.retainUntil === undefined)
    return { status: 'not-checked', reason: 'retention-not-readable' }
  if (object.mode !== 'COMPLIANCE') return fail('not-locked')
  if (object.retainUntil < body.retainUntil) return fail('retention-shortened')
  const earlier = versions.slice(own + 1).some(({ marker }) => !marker)
  if (earlier && !states(receipt, first)) return fail('not-earliest')

  const checked = judgeNote(receipt, textOf(object), trust)
  if (checked.status !== 'pass') return checked
  if (object.retainUntil <= now) return { status: 'not-checked', reason: 'retention-ended' }
  const above = versions.slice(0, own)
  const findings = [
    ...(earlier ? ['earlier-copy'] : []),
    ...(above.some(({ marker }) => !marker) ? ['newer-version'] : []),
    ...(versions.some(({ marker }) => marker) ? ['delete-marker'] : []),
    ...(body.legalHold && !object.legalHold ? ['legal-hold-removed'] : []),
  ]
  return { status: 'pass', retainedUntil: object.retainUntil, ...(findings.length > 0 && { findings }) }
}

const textOf = ({ bytes }: LockedObject): string => new TextDecoder().decode(bytes)

/** Whether an object is a note of the receipt's head, whoever signed it. */
function states({ origin, size, root }: AnchorReceipt, object: LockedObject | undefined): boolean {
  if (object === undefined) return false
  try {
    const head = parseCheckpointText(parseNote(textOf(object)).text)
    return head.origin === origin && head.size === size && head.root === root
  } catch (error) {
    if (isSeamError(error)) return false
    throw error
  }
}

/** Whether a note is the receipt's checkpoint and signed by a log key that is trusted for its origin. */
function judgeNote(receipt: AnchorReceipt, text: string, trust: TrustFile): AnchorCheck {
  try {
    const note = parseNote(text)
    const { origin, size, root } = parseCheckpointText(note.text)
    if (origin !== receipt.origin || size !== receipt.size || root !== receipt.root) return fail('other-checkpoint')
    const trusted = trust.keys.filter((key) => key.role === 'log' && key.origin === origin)
    if (trusted.length === 0) return { status: 'not-checked', reason: 'no-trusted-key' }
    const keys = trusted.map((key) => ({
      ...parseVerifierKey(key.key),
      compromised: key.compromisedSince !== undefined,
    }))
    const { verified, broken } = verifyNote(note, keys)
    if (broken.length > 0) return fail('bad-signature')
    if (verified.length === 0) return fail('not-signed-by-trusted-key')
    // A lock proves no time: whether a compromised key signed before it was can not be known here.
    const sound = keys.some(
      (key) => !key.compromised && verified.some(({ keyId, name }) => keyId === key.keyId && name === key.name),
    )
    return sound ? { status: 'pass' } : fail('key-compromised')
  } catch (error) {
    if (!isSeamError(error)) throw error
    return { status: 'not-checked', reason: 'malformed-trust' }
  }
}
