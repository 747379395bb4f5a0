import { join } from 'node:path'
import type { Checkpoint } from '@seamark/core'
import { readCheckpointFile, writeCheckpointFile } from '@seamark/journal'
import { fromSystemError } from '@seamark/kit'
import type { Settings } from './options.ts'

/** Keeps the newest signed checkpoint of a namespace beside the database, where there is a folder for it. */
export function keepCheckpoint(settings: Settings, ns: string, checkpoint: Checkpoint): void {
  inFile(settings, ns, (path) => writeCheckpointFile(path, checkpoint))
}

/** The one that is kept. Errors: `INTEGRITY` for a file that is not one. */
export function keptCheckpoint(settings: Settings, ns: string): Checkpoint | undefined {
  return inFile(settings, ns, readCheckpointFile)
}

function inFile<T>({ checkpointDir }: Settings, ns: string, call: (path: string) => T): T | undefined {
  if (checkpointDir === undefined) return undefined
  const path = join(checkpointDir, `${ns}.checkpoint.json`)
  try {
    return call(path)
  } catch (error) {
    throw fromSystemError(error, path)
  }
}
