import type { ReadOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** Refuses, with `INVALID_INPUT`, what `Journal.read` can not be asked. */
export function checkRead(from: number, { to, follow = false }: ReadOptions): void {
  if (!isCount(from) || (to !== undefined && (!Number.isSafeInteger(to) || follow)))
    throw new SeamError('INVALID_INPUT', `Records can not be read from ${from} to ${to ?? 'the end'}.`)
}

/** Refuses, with `INVALID_INPUT`, what `Journal.hashes` can not be asked. */
export function checkHashes(level: number, from: number, count: number): void {
  if (level % 4 !== 0 || ![level, from, count].every(isCount))
    throw new SeamError('INVALID_INPUT', `There are no stored hashes ${from} + ${count} of level ${level}.`)
}

/** Refuses, with `INVALID_INPUT`, a checkpoint that covers more than a log's `size` records. */
export function checkCheckpointSize(covered: number, size: number): void {
  if (!isCount(covered) || covered > size)
    throw new SeamError('INVALID_INPUT', `A checkpoint of ${covered} does not fit a log of ${size} records.`)
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0
