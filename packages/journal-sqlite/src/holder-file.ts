import { hostname } from 'node:os'
import { readTextIfThere, writeFileDurably } from '@seamark/journal'
import { SeamError } from '@seamark/kit'

/** Who has, or last had, the lease on a namespace. */
export interface Holder {
  readonly holder: string
  readonly pid: number
  readonly host: string
  /** Of the newest lease that could append; 0 before the first. Where it is not 0, there was a journal. */
  readonly epoch: number
}

export function writeHolder(path: string, holder: string, epoch: number): void {
  writeFileDurably(path, JSON.stringify({ holder, pid: process.pid, host: hostname(), epoch }) + '\n')
}

/** `undefined` if nobody ever had the lease. Errors: `INTEGRITY` for a file that is not one. */
export function readHolder(path: string): Holder | undefined {
  const text = readTextIfThere(path)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (
      typeof value === 'object' &&
      value !== null &&
      'holder' in value &&
      'pid' in value &&
      'host' in value &&
      'epoch' in value
    ) {
      const { holder, pid, host, epoch } = value
      if (
        typeof holder === 'string' &&
        typeof pid === 'number' &&
        typeof host === 'string' &&
        typeof epoch === 'number'
      )
        return { holder, pid, host, epoch }
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  throw unreadable(path, undefined)
}

function unreadable(path: string, cause: unknown): SeamError {
  return new SeamError('INTEGRITY', `${path} does not say who held the lease.`, {
    remedy: 'Restore the file from a backup, together with the journal beside it.',
    cause,
  })
}
