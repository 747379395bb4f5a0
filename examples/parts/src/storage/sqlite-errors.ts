import type { ErrorCode } from '@seamark/core'
import { fromSystemError, isSeamError, SeamError } from '@seamark/kit'

// Primary result codes: https://sqlite.org/rescode.html
const codes = new Map<number, readonly [ErrorCode, string]>([
  [5, ['UNAVAILABLE', 'Another process writes for long; try again.']],
  [8, ['FORBIDDEN', 'Give the user that runs this access to the file and its folder.']],
  [10, ['UNAVAILABLE', 'Check the disk; the system log says more.']],
  [11, ['INTEGRITY', 'Restore the file from a backup.']],
  [13, ['LIMIT_EXCEEDED', 'Free space on that disk, then try again.']],
  [14, ['FORBIDDEN', 'Give the user that runs this access to the file and its folder.']],
  [26, ['INTEGRITY', 'Name a file that this storage made.']],
])

/** An error of SQLite or of the system as a `SeamError`; a `SeamError` is returned as it is. */
export function fromSqlite(error: unknown, doing: string): SeamError {
  if (isSeamError(error)) return error
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'))
    return fromSystemError(error, doing)
  // The low byte: the rest says more precisely what it was.
  const [code, remedy] = codes.get(error.errcode & 0xff) ?? (['INTERNAL', undefined] as const)
  return new SeamError(code, `${doing} failed: SQLite says ${error.errcode}.`, {
    cause: error,
    ...(remedy !== undefined && { remedy }),
  })
}
