import type { JournalBatch } from '@seamark/core'
import { SeamError } from './errors.ts'

/**
 * Refuses, with `INVALID_INPUT`, a batch that would leave a hole: records must follow `expectedSize`
 * without gaps, payloads must belong to them, and nodes must be exactly the subtrees that they complete.
 */
export function checkBatch(expectedSize: number, { records, payloads, nodes }: JournalBatch): void {
  if (!Number.isSafeInteger(expectedSize) || expectedSize < 0) throw invalid(`${expectedSize} is no size of a log.`)
  const end = expectedSize + records.length
  records.forEach((record, i) => {
    if (record.seq !== expectedSize + i) throw invalid(`Record ${record.seq} stands where ${expectedSize + i} belongs.`)
    if (record.leaf.length !== 32) throw invalid(`The leaf hash of record ${record.seq} has not 32 bytes.`)
  })
  let last = expectedSize - 1
  for (const { seq } of payloads) {
    if (!(seq > last && seq < end))
      throw invalid(`The payload of record ${seq} has no record or no order in the batch.`)
    last = seq
  }
  checkNodes(expectedSize, end, nodes)
}

function checkNodes(from: number, to: number, nodes: JournalBatch['nodes']): void {
  const next = new Map<number, number>()
  for (let level = 4; 2 ** level <= to; level += 4) next.set(level, Math.floor(from / 2 ** level))
  for (const { level, index, hash } of nodes) {
    if (next.get(level) !== index || index >= Math.floor(to / 2 ** level) || hash.length !== 32)
      throw invalid(`Node ${index} of level ${level} is not one that the batch completes.`)
    next.set(level, index + 1)
  }
  for (const [level, index] of next)
    if (index !== Math.floor(to / 2 ** level)) throw invalid(`Node ${index} of level ${level} is missing.`)
}

function invalid(message: string): SeamError {
  return new SeamError('INVALID_INPUT', message)
}
