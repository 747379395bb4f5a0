import { isNoSpace, isSeamError, SeamError, systemCode } from '@seamark/kit'

/** Whether there is no space left. */
export function isFull(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || isNoSpace(error)
}

/** Whether the write may or may not have reached the disk. */
export function isInputOutput(error: unknown): boolean {
  return systemCode(error)?.startsWith('SQLITE_IOERR') === true && !isFull(error)
}

/** What SQLite or the file system said about `path`, in the words of the error table. */
export function storageError(error: unknown, path: string): SeamError {
  if (isSeamError(error)) return error
  const code = systemCode(error) ?? ''
  const said = error instanceof Error ? error.message : String(error)
  if (isFull(error))
    return new SeamError('LIMIT_EXCEEDED', `No space is left for ${path}.`, {
      remedy: 'Free space on that disk; the next attempt goes through by itself.',
      cause: error,
    })
  // Tables and columns are looked for only once the schema's version has said that they are there.
  const lacks = code === 'SQLITE_ERROR' && /^no such (table|column|index)/.test(said)
  if (lacks || /^SQLITE_(CORRUPT|NOTADB|IOERR_(CORRUPTFS|DATA|SHORT_READ))/.test(code))
    return new SeamError('INTEGRITY', `${path} is damaged: ${said}.`, {
      remedy: 'Restore it from a backup; do not delete it.',
      cause: error,
    })
  if (/^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_PERM)/.test(code)) return notWritable(path, error)
  if (/^(SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|PROTOCOL|NOLFS)|E[A-Z]+$)/.test(code))
    return new SeamError('UNAVAILABLE', `${path} can not be used now: ${said}.`, { cause: error })
  return new SeamError('INTERNAL', `${path}: ${said}.`, { cause: error })
}

export function notWritable(path: string, cause: unknown): SeamError {
  return new SeamError('FORBIDDEN', `${path} is not writable by this user.`, {
    remedy: `Give the user that runs this write permission on ${path}, or choose another data folder.`,
    cause,
  })
}
