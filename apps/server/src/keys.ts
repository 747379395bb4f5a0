import type { CallOptions, TrustFile } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { parseHeader, toBase64, verifierKey } from '@seamark/log'
import type { Deployment } from './deployment.ts'

/** The public keys of this log as a trust file. Errors: `NOT_FOUND` before the log has its first record. */
export async function exportKeys(deployment: Deployment, options: CallOptions): Promise<TrustFile> {
  const origin = await originOf(deployment, options)
  const log = await deployment.signers.log.publicKey(options)
  const manifest = await deployment.signers.export.publicKey(options)
  return {
    version: 1,
    keys: [
      { origin, role: 'log', key: verifierKey(origin, log.bytes) },
      { origin, role: 'export', key: toBase64(manifest.bytes) },
    ],
    witnesses: [],
    tsaRoots: [],
    required: ['authentic', 'complete-run'],
  }
}

/** The name that the log has in every checkpoint. */
export async function originOf(
  { ns, journal }: Pick<Deployment, 'ns' | 'journal'>,
  options: CallOptions,
): Promise<string> {
  for await (const { header } of journal.read(ns, 0, { to: 1, ...options })) {
    const record = parseHeader(header)
    if (record.kind === 'log.opened') return record.data.origin
  }
  throw new SeamError('NOT_FOUND', 'There is no log yet: nothing has been recorded.', {
    remedy: 'Run a plan first; the keys are made with the log.',
  })
}
