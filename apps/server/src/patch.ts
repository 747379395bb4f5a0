import type { CallOptions, ItemRow } from '@seamark/core'
import { blobKey, SeamError } from '@seamark/kit'
import type { Deployment } from './deployment.ts'
import { givenUpAt } from './given-up.ts'
import { itemRow, runRow } from './questions.ts'

/** The patch of an item; no bytes where it changed nothing. Errors: `NOT_FOUND`, `CONFLICT` before it has succeeded, `INTEGRITY`. */
export async function* readPatch(
  deployment: Deployment,
  run: string,
  item: string,
  options: CallOptions,
): AsyncIterable<Uint8Array> {
  const { status, product } = await itemRow(deployment, run, item)
  if (product === undefined)
    throw new SeamError('CONFLICT', `Item ${item} is ${status} and has no product.`, {
      remedy: remedies[status] ?? 'Wait until it has ended.',
    })
  if (product.patch !== undefined && product.patch.size > 0)
    yield* readBlob(deployment, product.patch.sha256, { ...options, run })
}

const remedies: Partial<Record<ItemRow['status'], string>> = {
  failed: 'Its log says why.',
  skipped: 'It never ran; its status says why.',
  canceled: 'Submit it again.',
}

/**
 * The bytes of a blob that a record names, from an offset. Errors: `NOT_FOUND` where it was left by a `run` that is given up,
 * `INTEGRITY` where it is gone otherwise, or another.
 */
export async function* readBlob(
  deployment: Deployment,
  sha256: string,
  options: CallOptions & { readonly from?: number; readonly run?: string },
): AsyncIterable<Uint8Array> {
  const { ns, storage } = deployment
  const { from = 0, run, ...rest } = options
  const found = await storage.get(blobKey(ns, sha256), { ...rest, ...(from > 0 && { range: { start: from } }) })
  const at =
    found === undefined && run !== undefined
      ? await givenUpAt(deployment, await runRow(deployment, run), rest)
      : undefined
  if (at !== undefined)
    throw new SeamError('NOT_FOUND', `It was removed: run ${run} was given up at ${new Date(at).toISOString()}.`, {
      remedy: 'Run its plan again. Its records are kept; `seamark gc hold` keeps what a run left.',
    })
  if (found === undefined)
    throw new SeamError('INTEGRITY', `The blob ${sha256} is named in the log, and the storage does not have it.`)
  yield* found.body
}
