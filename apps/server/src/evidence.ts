import type { AnchorReceipt, BlobRef, Checkpoint, RunRow } from '@seamark/core'
import { blobKey, orAbort, SeamError } from '@seamark/kit'
import { blobsOf, composeBundle, writeTar } from '@seamark/evidence'
import { parseHeader } from '@seamark/log'
import { anchoredHeads, requireSameHistory, unlessAway } from './anchored.ts'
import type { Anchored, AskOptions } from './anchored.ts'
import type { Deployment } from './deployment.ts'
import { keepMeanwhile } from './exporting.ts'
import { givenUpAt, isGoing } from './given-up.ts'
import { exportKeys } from './keys.ts'
import { readBlob } from './patch.ts'
import { runRow } from './questions.ts'

/**
 * The evidence bundle of a sealed run as a canonical tar. Payloads (plan text, commands, environment) stay in the
 * journal and are committed to by digest; patches are included. An anchor that is away is a notice, and its receipt is
 * not in the bundle.
 * Errors: `NOT_FOUND`, `CONFLICT` before the run is sealed, `INTEGRITY`.
 */
export async function* exportEvidence(
  deployment: Deployment,
  run: string,
  { signal, onNotice }: AskOptions & { readonly signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const letGo = keepMeanwhile(deployment, run)
  try {
    yield* bundleOf(deployment, run, { signal, onNotice })
  } finally {
    letGo()
  }
}

async function* bundleOf(
  deployment: Deployment,
  run: string,
  { signal, onNotice }: AskOptions & { readonly signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const { ns, journal, signers } = deployment
  const newest = await coveringCheckpoint(deployment, run, signal)
  const row = await runRow(deployment, run)
  const { seq } = row
  const found = await survey(deployment, run, seq, newest.size, signal)
  const { there, removed } = await stillThere(deployment, row, found.patches, signal)
  const anchored = await anchoredHeads(deployment.anchors, newest.origin, { signal, onNotice })
  const checkpoint = await anchoredCheckpoint(deployment, newest, found.end, anchored, signal)
  const hints = await exportKeys(deployment, { signal })
  const files = await composeBundle(
    {
      ns,
      run,
      checkpoint,
      hints,
      records: () => journal.read(ns, seq, { run, to: found.end, signal }),
      hashes: (level, from, count) => journal.hashes(ns, level, from, count, { signal }),
      receipts: await receiptsFor(anchored, checkpoint, { signal, onNotice }),
      removed,
      artifacts: there.map((blob) => ({ ...blob, open: () => readBlob(deployment, blob.sha256, { signal }) })),
      signer: signers.export,
    },
    signal,
  )
  yield* writeTar(files)
}

/** The newest signed head; it covers the seal of the run. */
async function coveringCheckpoint(deployment: Deployment, run: string, signal: AbortSignal): Promise<Checkpoint> {
  const { ns, journal, engine } = deployment
  const row = await runRow(deployment, run)
  if (row.sealedAt === undefined)
    throw new SeamError('CONFLICT', `Run ${run} is not over: its evidence is not complete.`, {
      remedy: 'Wait until it has ended, or cancel it.',
    })
  if (engine !== undefined) await orAbort(engine.sealed(run), signal)
  const { checkpoint } = await journal.head(ns, { signal })
  if (checkpoint === undefined)
    throw new SeamError('CONFLICT', 'No head of this log is signed yet.', {
      remedy: 'Start seamark serve once; it signs it.',
    })
  return checkpoint
}

/**
 * The newest head that an anchor has, where it covers the seal, so that the bundle has its receipt; otherwise the newest
 * signed one. Errors: `INTEGRITY` where an anchor has another history.
 */
async function anchoredCheckpoint(
  deployment: Deployment,
  newest: Checkpoint,
  end: number,
  anchored: readonly Anchored[],
  signal: AbortSignal,
): Promise<Checkpoint> {
  let found: Checkpoint | undefined
  for (const each of anchored) {
    const { head } = each
    if (head.size < Math.max(end, found?.size ?? 0) || head.size > newest.size) continue
    await requireSameHistory(deployment, each, signal)
    found = head
  }
  return found ?? newest
}

/** Where the newest covered seal ends, and the patches that the records up to it name. */
async function survey(
  { ns, journal }: Deployment,
  run: string,
  from: number,
  size: number,
  signal: AbortSignal,
): Promise<{ readonly end: number; readonly patches: readonly BlobRef[] }> {
  let end = 0
  const patches = new Map<string, BlobRef>()
  for await (const { header } of journal.read(ns, from, { run, to: size, signal })) {
    const record = parseHeader(header)
    if (record.kind === 'run.sealed') end = record.seq + 1
    if (record.kind !== 'item.captured' && record.kind !== 'item.taken' && record.kind !== 'attempt.ended') continue
    const patch = record.data.product?.patch
    for (const blob of blobsOf(record))
      if (blob.sha256 === patch?.sha256 && blob.size > 0) patches.set(blob.sha256, blob)
  }
  if (end === 0)
    throw new SeamError('CONFLICT', `The seal of run ${run} is not under a signed head yet.`, {
      remedy: 'Start seamark serve; it signs one.',
    })
  return { end, patches: [...patches.values()].toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1)) }
}

/** Which patches are there. One that is gone although its run was not given up is found when it is read. */
async function stillThere(
  deployment: Deployment,
  row: RunRow,
  patches: readonly BlobRef[],
  signal: AbortSignal,
): Promise<{ readonly there: readonly BlobRef[]; readonly removed: readonly BlobRef[] }> {
  const { ns, storage } = deployment
  const going = await isGoing(deployment, row, { signal })
  const there: BlobRef[] = []
  const removed: BlobRef[] = []
  for (const patch of patches) {
    const found = going ? undefined : await storage.head(blobKey(ns, patch.sha256), { signal })
    if (found === undefined) removed.push(patch)
    else there.push(patch)
  }
  const damaged = removed.length > 0 && (await givenUpAt(deployment, row, { signal })) === undefined
  if (damaged) return { there: patches, removed: [] }
  return { there, removed }
}

/** What anchors gave for exactly this head. */
async function receiptsFor(
  anchored: readonly Anchored[],
  checkpoint: Checkpoint,
  options: AskOptions,
): Promise<Record<string, AnchorReceipt>> {
  const receipts: Record<string, AnchorReceipt> = {}
  for (const { anchor, head } of anchored) {
    if (head.note !== checkpoint.note) continue
    // Anchoring is idempotent: a head that is there gives its receipt again.
    const receipt = await unlessAway(anchor, (signal) => anchor.anchor(checkpoint, { signal }), options)
    if (receipt !== undefined) receipts[anchor.name] = receipt
  }
  return receipts
}
