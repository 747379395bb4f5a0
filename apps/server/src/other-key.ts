import type { Journal, Signer } from '@seamark/core'
import { parseNote, parseVerifierKey, verifierKey, verifyNote } from '@seamark/log'

/**
 * Whether the newest checkpoint of a log was signed by another key: by a service that has its own, or before the signer
 * was changed. Errors: those of `head` and of `publicKey`.
 */
export async function signedByAnother(ns: string, journal: Pick<Journal, 'head'>, signer: Signer): Promise<boolean> {
  const { checkpoint } = await journal.head(ns)
  if (checkpoint === undefined) return false
  const { bytes } = await signer.publicKey()
  const own = parseVerifierKey(verifierKey(checkpoint.origin, bytes))
  return verifyNote(parseNote(checkpoint.note), [own]).verified.length === 0
}
