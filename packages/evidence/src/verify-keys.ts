import type { KeyRole, TrustedKey, TrustFile } from '@seamark/core'
import { parseVerifierKey, verifyEd25519, verifyNote, type Note } from '@seamark/log'
import type { CheckList } from './checks.ts'
import { manifestMessage } from './bundle.ts'
import { parseExportKey } from './trust.ts'

/** What signatures are judged by. */
export interface KeyContext {
  readonly trust: TrustFile | undefined
  /** Nothing here is trusted: it only shows signatures that are broken by accident. */
  readonly hints: TrustFile | undefined
  readonly origin: string
  /** The verifier's clock, epoch milliseconds. */
  readonly now: number
  /** Time of the newest record in the bundle: no signature over it can be older. */
  readonly newestRecordAt: number
}

/** Judges the checkpoint's signature by the trusted keys of role `log` for its origin. */
export function checkCheckpointSignature(checks: CheckList, note: Note, context: KeyContext): void {
  const id = 'checkpoint.signature'
  const trusted = keysFor(context.trust, context.origin, 'log')
  if (trusted.length === 0) {
    const hinted = keysFor(context.hints, context.origin, 'log').map(({ key }) => parseVerifierKey(key))
    if (verifyNote(note, hinted).broken.length > 0) return checks.fail(id, 'bad-signature')
    return checks.skip(id, context.trust === undefined ? 'no-trust' : 'no-trusted-key')
  }
  const known = trusted.map((entry) => ({ ...parseVerifierKey(entry.key), entry }))
  const { verified, broken } = verifyNote(note, known)
  if (broken.length > 0) return checks.fail(id, 'bad-signature')
  const signed = known.filter((key) => verified.includes(key)).map(({ entry }) => entry)
  if (signed.length === 0) return checks.fail(id, 'signature-missing', 'No line of the note is by a trusted key.')
  judge(checks, id, signed, context)
}

/** Judges the manifest's signature by the trusted keys of role `export`. */
export function checkManifestSignature(
  checks: CheckList,
  manifest: Uint8Array,
  signature: Uint8Array | undefined,
  context: KeyContext,
): void {
  const id = 'manifest.signature'
  const message = manifestMessage(manifest)
  const verifies = ({ key }: TrustedKey): boolean =>
    signature !== undefined && verifyEd25519(parseExportKey(key), message, signature)
  const trusted = keysFor(context.trust, context.origin, 'export')
  if (trusted.length === 0) {
    const hinted = keysFor(context.hints, context.origin, 'export')
    if (signature !== undefined && !hinted.some(verifies)) return checks.fail(id, 'bad-signature')
    return checks.skip(id, context.trust === undefined ? 'no-trust' : 'no-trusted-key')
  }
  if (signature === undefined) return checks.fail(id, 'signature-missing')
  const signed = trusted.filter(verifies)
  if (signed.length === 0) return checks.fail(id, 'bad-signature')
  judge(checks, id, signed, context)
}

function keysFor(trust: TrustFile | undefined, origin: string, role: KeyRole): readonly TrustedKey[] {
  return trust?.keys.filter((key) => key.origin === origin && key.role === role) ?? []
}

/** Passes if one of the keys counts at the time of signing, as far as that is known. */
function judge(
  checks: CheckList,
  id: 'checkpoint.signature' | 'manifest.signature',
  keys: readonly TrustedKey[],
  context: KeyContext,
): void {
  const problems = keys.map((key) => keyProblem(key, context))
  const [problem] = problems
  if (problem === undefined || problems.includes(undefined)) checks.pass(id)
  else checks.fail(id, problem)
}

function keyProblem(key: TrustedKey, { now, newestRecordAt }: KeyContext): string | undefined {
  // Only a time stamp or a witness could show that a signature is older than the compromise, and the
  // operator's own clock can not: there is neither in a bundle of this version.
  if (key.compromisedSince !== undefined) return 'key-compromised'
  if (key.validFrom !== undefined && now < Date.parse(key.validFrom)) return 'key-not-yet-valid'
  if (key.validUntil !== undefined && newestRecordAt > Date.parse(key.validUntil)) return 'key-expired'
  return undefined
}
