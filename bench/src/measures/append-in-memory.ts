import { emptyBatch, placeRecord } from '@seamark/log'
import { hash } from 'node:crypto'
import { firstCursor, sampleDraft } from '../sample-records.ts'
import { inTurn, median, pairedRatio } from '../stats.ts'

export interface Rates {
  readonly perSecond: number
  readonly barePerSecond: number
  readonly ratio: number
}

const SLICE = 50_000
const BATCH = 500

/** Appends records to a log in memory, in turn with as many bare SHA-256 over a header. */
export async function measure({ records }: { records: number }): Promise<Rates> {
  const cursor = firstCursor('default', 1)
  let n = 0
  let header: Uint8Array = new Uint8Array(400)
  const slice = async (): Promise<number> => {
    const started = performance.now()
    for (let done = 0; done < SLICE; done += BATCH) {
      const batch = emptyBatch()
      for (let i = 0; i < BATCH; i++) header = placeRecord(cursor, sampleDraft(n++), 1_700_000_000_000, batch).bytes
    }
    return performance.now() - started
  }
  const hashes = async (): Promise<number> => {
    const started = performance.now()
    for (let i = 0; i < SLICE; i++) hash('sha256', header, 'buffer')
    return performance.now() - started
  }
  await slice()
  await hashes()
  const taken = await inTurn(records / SLICE, slice, hashes)
  return {
    perSecond: (SLICE / median(taken.measured)) * 1000,
    barePerSecond: (SLICE / median(taken.baseline)) * 1000,
    ratio: 1 / pairedRatio(taken),
  }
}
