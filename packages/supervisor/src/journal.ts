import { SeamError, systemCode } from '@seamark/kit'
import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncFolder, writeWhole } from './durable.ts'

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
  /** Bytes of its file. */
  readonly size: number
  /**
   * Replaces what is durable by lines that say the same; what is not durable yet follows them. Errors: those of the system,
   * and then all is as it was; `INTERNAL` when the disk fails.
   */
  replace(lines: Iterable<string>): void
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

/** Begins a journal with these lines, in the place of one that may be there. All lines that wait while one sync runs share the next one. */
export function openJournal(path: string, lines: Iterable<string>): LineJournal {
  let { fd, size } = begin(path, lines)
  syncFolder(dirname(path))
  let next: Promise<void> | undefined
  let current = Promise.resolve()
  let broken: SeamError | undefined
  /** Written since the last sync began that has ended. */
  let late: string[] = []

  const write = (line: string) => {
    if (broken !== undefined) throw broken
    const bytes = Buffer.from(line + '\n')
    try {
      writeWhole(fd, bytes)
      size += bytes.byteLength
      late.push(line)
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

  const failed = (cause: unknown): SeamError =>
    (broken ??= new SeamError('INTERNAL', 'The disk of the data folder fails; the supervisor can not go on.', {
      cause,
    }))

  const startSync = () => {
    next = undefined
    const covered = late.length
    return sync(fd).then(
      () => void (late = late.slice(covered)),
      // After a failed sync the kernel may have dropped the pages: nothing later can be trusted.
      (error: unknown) => Promise.reject(failed(error)),
    )
  }

  return {
    append(line) {
      write(line)
      next ??= current = current.then(startSync)
      return next
    },
    note: write,
    get size() {
      return size
    },
    replace(lines) {
      const old = fd
      ;({ fd, size } = begin(path, [...lines, ...late]))
      // A sync of it may be under way.
      const release = () => closeSync(old)
      void current.then(release, release)
      try {
        syncFolder(dirname(path))
      } catch (error) {
        throw failed(error)
      }
    },
    async close() {
      await current
      closeSync(fd)
    },
  }
}

/** Puts a file with these lines there, all or nothing, and leaves it open for more. Its name is not durable yet. */
function begin(path: string, lines: Iterable<string>): { fd: number; size: number } {
  const next = `${path}.next`
  rmSync(next, { force: true })
  const fd = openSync(next, 'a', 0o600)
  try {
    const bytes = Buffer.from([...lines].map((line) => line + '\n').join(''))
    writeWhole(fd, bytes)
    fsyncSync(fd)
    renameSync(next, path)
    return { fd, size: bytes.byteLength }
  } catch (error) {
    closeSync(fd)
    rmSync(next, { force: true })
    throw error
  }
}

function sync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error === null ? resolve() : reject(error))))
}
