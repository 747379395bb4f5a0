import { SeamError, systemCode } from '@seamark/kit'
import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** A file of lines that are durable once `append` resolves. */
export interface LineJournal {
  /**
   * Writes a line at once, so that it survives this process, and resolves when it survives a loss of
   * power as well. Lines become durable in the order of the calls. Errors: `UNAVAILABLE` when it can
   * not be written, thrown before this returns; a rejection with `INTERNAL` when the disk fails.
   */
  append(line: string): Promise<void>
  /** Writes a line that need not survive a loss of power. Errors: `UNAVAILABLE`. */
  note(line: string): void
  /** Resolves when all that was appended is durable. */
  close(): Promise<void>
}

/** The whole lines of a journal; what a crash left half-written at the end is dropped. */
export function readLines(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
}

/** Replaces a journal by these lines, all or nothing. */
export function writeLines(path: string, lines: readonly string[]): void {
  const next = `${path}.next`
  const fd = openSync(next, 'w', 0o600)
  try {
    writeWhole(fd, Buffer.from(lines.map((line) => line + '\n').join('')))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(next, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Opens a journal for appending. All lines that wait while one sync runs share the next one. */
export function openJournal(path: string): LineJournal {
  const fd = openSync(path, 'a', 0o600)
  let size = fstatSync(fd).size
  let next: Promise<void> | undefined
  let current = Promise.resolve()
  let broken: SeamError | undefined

  const write = (line: string) => {
    if (broken !== undefined) throw broken
    const bytes = Buffer.from(line + '\n')
    try {
      writeWhole(fd, bytes)
      size += bytes.byteLength
    } catch (error) {
      // A line that only half fits is taken back, so that the next one starts on its own.
      ftruncateSync(fd, size)
      throw new SeamError(
        'UNAVAILABLE',
        `The supervisor can not write its state: ${systemCode(error) ?? 'unknown error'}.`,
        { remedy: 'Free space on the disk of the data folder.', cause: error },
      )
    }
  }

  const startSync = () => {
    next = undefined
    return sync(fd).catch((error: unknown) => {
      // After a failed sync the kernel may have dropped the pages: nothing later can be trusted.
      broken = new SeamError('INTERNAL', 'The disk of the data folder fails; the supervisor can not go on.', {
        cause: error,
      })
      throw broken
    })
  }

  return {
    append(line) {
      write(line)
      next ??= current = current.then(startSync)
      return next
    },
    note: write,
    async close() {
      await current
      closeSync(fd)
    },
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  let offset = 0
  while (offset < bytes.byteLength) offset += writeSync(fd, bytes, offset)
}

function sync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error === null ? resolve() : reject(error))))
}
