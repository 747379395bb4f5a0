import { mkdirSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Checkpoint } from '@seamark/core'
import { fromSystemError, SeamError, systemCode } from '@seamark/kit'

/** Where the newest signed checkpoint of a namespace is kept beside the database. */
export function checkpointPath(dir: string, ns: string): string {
  return join(dir, `${ns}.checkpoint.json`)
}

/** Replaces the file whole, mode 0600: a reader sees the old or the new one, also after loss of power. */
export function writeCheckpointFile(path: string, { origin, size, root, note }: Checkpoint): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const fd = openSync(`${path}.tmp`, 'w', 0o600)
    try {
      writeSync(fd, JSON.stringify({ v: 1, origin, size, root, note }) + '\n')
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(`${path}.tmp`, path)
    const folder = openSync(dirname(path), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch (error) {
    throw fromSystemError(error, path)
  }
}

/** The checkpoint in a file; `undefined` if there is no file. Errors: `INTEGRITY` for a file that is not one. */
export function readCheckpointFile(path: string): Checkpoint | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw fromSystemError(error, path)
  }
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
