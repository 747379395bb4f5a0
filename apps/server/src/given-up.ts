import type { CallOptions, RunRow } from '@seamark/core'
import { parseHeader } from '@seamark/log'
import type { Deployment } from './deployment.ts'

/** Since when what a run left may be gone: the time of the newest collection that gave any of it up. */
export async function givenUpAt(
  deployment: Deployment,
  { sealedAt }: RunRow,
  options: CallOptions,
): Promise<number | undefined> {
  if (sealedAt === undefined) return undefined
  const { engine } = deployment
  if (engine === undefined) return scan(deployment, sealedAt, options)
  const { givenUp } = engine.storage()
  return givenUp !== undefined && isGivenUp(givenUp, sealedAt) ? givenUp.at : undefined
}

/** Whether a collection is under way that may be removing what a run left. */
export function isGoing({ engine }: Deployment, { run, sealedAt }: RunRow): boolean {
  const storage = engine?.storage()
  if (storage?.collection === undefined || sealedAt === undefined) return false
  return isGivenUp(storage.collection, sealedAt) && !storage.holds.some((hold) => hold.run === run)
}

interface Before {
  readonly runsBefore?: number
  readonly snapshotsBefore?: number
}

function isGivenUp({ runsBefore = 0, snapshotsBefore = 0 }: Before, sealedAt: number): boolean {
  return sealedAt < Math.max(runsBefore, snapshotsBefore)
}

/** Without an engine nobody has the records folded. It is asked only where something is gone. */
async function scan({ ns, journal }: Deployment, sealedAt: number, options: CallOptions): Promise<number | undefined> {
  let found: number | undefined
  for await (const { header } of journal.read(ns, 0, options)) {
    if (!Buffer.from(header).includes('"kind":"collection.begun"')) continue
    const record = parseHeader(header)
    if (record.kind === 'collection.begun' && isGivenUp(record.data, sealedAt)) found = record.at
  }
  return found
}
