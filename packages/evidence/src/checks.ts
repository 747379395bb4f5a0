import type { VerifyCheck } from '@seamark/core'

/**
 * Every check of a verification, in the order of the report. Those that are `core` must pass for a
 * bundle to be verified; the others depend on what it holds and on what the trust file names.
 */
export const CHECKS: Readonly<Record<string, { readonly core: boolean; readonly says: string }>> = {
  'bundle.layout': { core: true, says: 'Exactly the files of the manifest are there, in their fixed order.' },
  'manifest.form': { core: true, says: 'The manifest is canonical.' },
  'manifest.files': { core: true, says: 'Every file has the size and digest of the manifest.' },
  'manifest.signature': { core: false, says: 'The export key signed the manifest.' },
  'checkpoint.form': { core: true, says: 'The checkpoint is a canonical signed note.' },
  'checkpoint.head': { core: true, says: 'Origin and size of the checkpoint are those of the manifest.' },
  'checkpoint.signature': { core: true, says: 'The log key signed the checkpoint.' },
  'hints.form': { core: true, says: 'The trust hints are canonical; nothing is trusted for them.' },
  'records.form': { core: true, says: 'Every record is a canonical header with no unknown field.' },
  'records.run': { core: true, says: 'Every record is of this run and namespace.' },
  'records.order': { core: true, says: 'Sequence ascends; epoch and time never decrease.' },
  'log.inclusion': { core: true, says: 'Every record is a leaf of the tree that the checkpoint heads.' },
  'run.chain': { core: true, says: 'The run begins at 0, has no gap, and each record names the one before.' },
  'run.seal': { core: true, says: 'Each segment is sealed over exactly its records, and a seal comes last.' },
  'run.status': { core: true, says: 'The sealed status is what the records bear out.' },
  'items.legality': { core: true, says: 'Every attempt and settlement was allowed by what came before.' },
  'items.inputs': { core: true, says: 'Every input that was consumed is a product of a settled item of the run.' },
  'payloads.commitment': { core: false, says: 'Every disclosed payload is the one that its record commits to.' },
  'artifacts.digest': { core: false, says: 'Every artifact is named by a record and has its digest.' },
  'receipts.checkpoint': { core: false, says: 'Every receipt is for this checkpoint.' },
  anchors: { core: false, says: 'Every anchor still has the checkpoint as its receipt says.' },
}

export type CheckId = keyof typeof CHECKS

/** Gathers outcomes: the first failure of a check counts, and a check that nobody reports did not run. */
export interface CheckList {
  pass(id: CheckId, detail?: string): void
  fail(id: CheckId, code: string, detail?: string): void
  skip(id: CheckId, code: string, detail?: string): void
  failed(id: CheckId): boolean
  results(): readonly VerifyCheck[]
}

/** A list on which no check has run. */
export function checkList(): CheckList {
  const found = new Map<CheckId, VerifyCheck>()
  const set = (id: CheckId, status: VerifyCheck['status'], code?: string, detail?: string): void => {
    if (found.get(id)?.status === 'fail') return
    found.set(id, { id, status, ...(code !== undefined && { code }), ...(detail !== undefined && { detail }) })
  }
  return {
    pass: (id, detail) => set(id, 'pass', undefined, detail),
    fail: (id, code, detail) => set(id, 'fail', code, detail),
    skip: (id, code, detail) => set(id, 'not-checked', code, detail),
    failed: (id) => found.get(id)?.status === 'fail',
    results: () => Object.keys(CHECKS).map((id) => found.get(id) ?? { id, status: 'not-checked', code: 'not-reached' }),
  }
}
