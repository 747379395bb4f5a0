import type { Checkpoint } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { dirname } from 'node:path'
import { makeFolder, readTextIfThere, writeFileDurably } from './durable-file.ts'

/** Keeps a signed checkpoint as a file of its own, so that losing the database does not lose it. Errors: those of the system. */
export function writeCheckpointFile(path: string, { origin, size, root, note }: Checkpoint): void {
  makeFolder(dirname(path))
  writeFileDurably(path, JSON.stringify({ v: 1, origin, size, root, note }) + '\n')
}

/** The checkpoint in a file; `undefined` if there is no file. Errors: `INTEGRITY` for a file that is not one, those of the system. */
export function readCheckpointFile(path: string): Checkpoint | undefined {
  const text = readTextIfThere(path)
  if (text === undefined) return undefined
  const value = parse(text)
  if (
    typeof value === 'object' &&
    value !== null &&
    'v' in value &&
    'origin' in value &&
    'size' in value &&
    'root' in value &&
    'note' in value
  ) {
    const { v, origin, size, root, note } = value
    if (
      v === 1 &&
      typeof origin === 'string' &&
      typeof size === 'number' &&
      Number.isSafeInteger(size) &&
      typeof root === 'string' &&
      typeof note === 'string'
    )
      return { origin, size, root, note }
  }
  throw new SeamError('INTEGRITY', `${path} is not a stored checkpoint.`, {
    remedy: 'Restore the file from a backup; do not delete it, it guards against a rolled back journal.',
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The caller names the file.
    return undefined
  }
}
