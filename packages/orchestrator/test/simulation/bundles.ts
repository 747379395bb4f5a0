import type { AnyRecord, Signer, TrustFile } from '@seamark/core'
import { composeBundle, readTar, verify, writeTar } from '@seamark/evidence'
import { toBase64, verifierKey } from '@seamark/log'
import type { memoryJournal } from '@seamark/testing'
import { memorySigner } from '@seamark/testing'

export const ORIGIN = `seamark.invalid/${'0'.repeat(32)}`
export const logSigner: Signer = memorySigner()
const exportSigner: Signer = memorySigner('export')

const trust: TrustFile = {
  version: 1,
  keys: [
    { origin: ORIGIN, role: 'log', key: verifierKey(ORIGIN, (await logSigner.publicKey()).bytes) },
    { origin: ORIGIN, role: 'export', key: toBase64((await exportSigner.publicKey()).bytes) },
  ],
  witnesses: [],
  tsaRoots: [],
  required: ['authentic', 'complete-run'],
}

// Nothing of it is in a simulated bundle, or it needs the verifier's own anchors.
const ABSENT = new Set(['receipts.checkpoint', 'artifacts.digest', 'anchors'])

/**
 * Exports each run as the command does, payloads included, into a tar, and has that verified. Empty where
 * each is verified and no check of what it holds was left out.
 */
export async function bundleViolations(
  { journal }: ReturnType<typeof memoryJournal>,
  log: readonly AnyRecord[],
  now: number,
): Promise<string[]> {
  const { checkpoint } = await journal.head('default')
  if (checkpoint === undefined) return ['no head was ever signed']
  const found: string[] = []
  const ends = new Map<string, AnyRecord & { kind: 'run.sealed' }>()
  for (const record of log)
    if (record.kind === 'run.sealed' && record.run !== undefined && record.seq < checkpoint.size)
      ends.set(record.run, record)
  for (const [run, { seq, data }] of ends) {
    const files = await composeBundle({
      ns: 'default',
      run,
      checkpoint,
      hints: trust,
      records: () => journal.read('default', 0, { run, to: seq + 1, payloads: true }),
      hashes: (level, from, count) => journal.hashes('default', level, from, count),
      signer: exportSigner,
    })
    const report = await verify(readTar(writeTar(files)), trust, { now })
    const amiss = report.checks.filter(
      ({ id, status }) => status === 'fail' || (status === 'not-checked' && !ABSENT.has(id)),
    )
    if (report.verdict !== 'verified' || report.run?.status !== data.status || amiss.length > 0)
      found.push(`the bundle of ${run} is ${report.verdict} as ${report.run?.status}: ${JSON.stringify(amiss)}`)
  }
  return found
}
