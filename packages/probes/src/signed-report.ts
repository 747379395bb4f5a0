import type { CallOptions, Executor, PublicKey, Signer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { canonicalJson, canonicalText, fromBase64, toBase64, verifyEd25519 } from '@seamark/log'
import { arch, release } from 'node:os'
import type { Probe, ProbedHost, ProbeReport } from './report.ts'

/** A report as it is stored: canonical JSON of this. */
export interface SignedReport {
  readonly version: 1
  readonly report: ProbeReport
  /** Ed25519 over `probeMessage`, Base64, and the id of the key at its holder. */
  readonly signature: string
  readonly keyId: string
}

const encoder = new TextEncoder()

/** What is signed: `seamark/probe/v1` ‖ 0x00 ‖ the canonical JSON (RFC 8785) of the report. */
export function probeMessage(report: ProbeReport): Uint8Array {
  return Buffer.concat([encoder.encode('seamark/probe/v1\0'), canonicalJson(report)])
}

/** Signs a report with a key of role `export`. Errors: those of the signer; `INVALID_INPUT` for another role or algorithm. */
export async function signReport(report: ProbeReport, signer: Signer, options: CallOptions = {}): Promise<string> {
  if (signer.role !== 'export') throw new SeamError('INVALID_INPUT', 'A probe is signed by the key of role export.')
  const { signature, algorithm, keyId } = await signer.sign(probeMessage(report), options)
  if (algorithm !== 'ed25519') throw new SeamError('INVALID_INPUT', 'A probe is signed with Ed25519.')
  const signed: SignedReport = { version: 1, report, signature: toBase64(signature), keyId }
  return canonicalText(signed)
}

/** The report in a stored text, where the key signed it. Errors: `INTEGRITY`. */
export function openReport(text: string, key: PublicKey): ProbeReport {
  try {
    const signed: unknown = JSON.parse(text)
    if (isSigned(signed) && key.algorithm === 'ed25519')
      if (verifyEd25519(key.bytes, probeMessage(signed.report), fromBase64(signed.signature))) return signed.report
  } catch (cause) {
    throw notSigned(cause)
  }
  throw notSigned()
}

/** The report in a stored text, whoever signed it; `undefined` where there is none. It may only be used against an executor. */
export function unverifiedReport(text: string): ProbeReport | undefined {
  try {
    const signed: unknown = JSON.parse(text)
    return isSigned(signed) ? signed.report : undefined
  } catch {
    // No JSON is no report.
    return undefined
  }
}

/** What probes say holds for this process's system. */
export function hostHere(): ProbedHost {
  return { platform: process.platform, arch: arch(), kernel: release(), root: process.getuid?.() === 0 }
}

/**
 * Whether a report still says something of an executor: it is the same one, on the same system and kernel, and its
 * sandboxes are made with the same things. Pure.
 */
export function stillHolds(
  report: ProbeReport,
  { kind, name }: Pick<Executor, 'kind' | 'name'>,
  basis: Readonly<Record<string, string>>,
  host: ProbedHost,
): boolean {
  const now = { executor: { kind, name }, basis, host }
  return canonicalText({ executor: report.executor, basis: report.basis, host: report.host }) === canonicalText(now)
}

function isSigned(value: unknown): value is SignedReport {
  if (typeof value !== 'object' || value === null || !('report' in value && 'signature' in value)) return false
  const { report, signature } = value
  return (
    typeof signature === 'string' &&
    typeof report === 'object' &&
    report !== null &&
    'version' in report &&
    report.version === 1 &&
    'probes' in report &&
    Array.isArray(report.probes) &&
    report.probes.every(isProbe)
  )
}

function isProbe(value: unknown): value is Probe {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'outcome' in value &&
    typeof value.outcome === 'string'
  )
}

function notSigned(cause?: unknown): SeamError {
  return new SeamError('INTEGRITY', 'The result of a probe was not signed by the export key.', {
    remedy: 'Probe the executor again.',
    cause,
  })
}
