import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
import { replaceFile, syncFolder } from '@seamark/kit/files'
import { constants } from 'node:fs'
import type { Stats } from 'node:fs'
import { lstat, open, readdir, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const temporary = /^\.[0-9a-f]{24}\.tmp$/
// What a writer that was killed left behind may hold a value. A living one needs far less than a minute.
const abandonedMs = 60_000

function refused(what: string, remedy: string): SeamError {
  return new SeamError('FORBIDDEN', what, { remedy })
}

function requireOwn(path: string, stats: Stats, mode: string): void {
  const user = process.geteuid?.()
  if (user !== undefined && stats.uid !== user)
    throw refused(
      `${path} belongs to user ${stats.uid}, and this is user ${user}.`,
      'Run as its owner, or move it away.',
    )
  if ((stats.mode & 0o077) !== 0)
    throw refused(
      `Others than its owner have access to ${path} (mode ${(stats.mode & 0o777).toString(8)}).`,
      `Run: chmod ${mode} '${path}'. If others were on this machine, have what is in it issued anew.`,
    )
}

/**
 * Refuses a folder that others may look into. `false` if there is none. Errors: `FORBIDDEN` for a link, for what is no
 * folder, for another owner and for a mode beyond 0700.
 */
export async function requirePrivateFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw fromSystemError(error, `Looking at ${path}`)
  })
  if (stats === undefined) return false
  if (!stats.isDirectory())
    throw refused(`${path} is ${stats.isSymbolicLink() ? 'a link' : 'no folder'}.`, 'Name the folder itself.')
  requireOwn(path, stats, '700')
  return true
}

/**
 * The bytes of a file that nobody else can read; `undefined` if there is none. What is checked is the open file, so
 * that it can not be exchanged in between.
 *
 * Errors: `FORBIDDEN` for a link, a second name, what is no file, another owner and a mode beyond 0600; `INTEGRITY` for more than `maxBytes`.
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    // Without O_NONBLOCK a named pipe would be waited for.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stats = await handle.stat()
      if (!stats.isFile()) throw refused(`${path} is no file.`, 'Move it away.')
      // 0 is a file that was replaced or removed after it was opened: what is read is what was there.
      if (stats.nlink > 1) throw refused(`${path} has a second name.`, 'Find it (find -samefile), and remove one.')
      requireOwn(path, stats, '600')
      if (stats.size > maxBytes)
        throw new SeamError('INTEGRITY', `${path} is over ${maxBytes} bytes.`, {
          place: { pointer: '' },
          remedy: 'Restore it from a backup, or remove it.',
        })
      const bytes = Buffer.alloc(maxBytes + 1)
      let size = 0
      for (;;) {
        const { bytesRead } = await handle.read(bytes, size, bytes.length - size)
        if (bytesRead === 0) return bytes.subarray(0, size)
        size += bytesRead
      }
    } finally {
      await handle.close()
    }
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') throw refused(`${path} is a link.`, 'Put the file itself there.')
    throw fromSystemError(error, `Reading ${path}`)
  }
}

/** As `replaceFile`. Errors: those of `look`, and what `fromSystemError` makes of those of the system. */
export async function replacePrivateFile(path: string, bytes: Uint8Array, look?: () => Promise<void>): Promise<void> {
  try {
    await replaceFile(path, bytes, look)
  } catch (error) {
    throw fromSystemError(error, `Writing ${path}`)
  }
}

/** Removes a file, durably; `false` if there was none. */
export async function removePrivateFile(path: string): Promise<boolean> {
  try {
    const removed = await removeIfThere(path)
    if (removed) await syncFolder(dirname(path))
    return removed
  } catch (error) {
    throw fromSystemError(error, `Removing ${path}`)
  }
}

/** Removes what killed writers left in a folder. */
export async function removeAbandoned(folder: string, now: number): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      if (!temporary.test(name)) continue
      const path = join(folder, basename(name))
      const changed = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        (error: unknown) => {
          if (systemCode(error) === 'ENOENT') return Number.POSITIVE_INFINITY
          throw error
        },
      )
      if (now - changed > abandonedMs) await removeIfThere(path)
    }
  } catch (error) {
    throw fromSystemError(error, `Looking through ${folder}`)
  }
}

async function removeIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}
