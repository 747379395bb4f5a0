import type { ErrorCode } from '@seamark/core'
import { isSeamError, SeamError, systemCode } from './errors.ts'

const codes = new Map<string, readonly [ErrorCode, string]>([
  ['ENOSPC', ['LIMIT_EXCEEDED', 'Free space on that disk, then try again.']],
  ['EDQUOT', ['LIMIT_EXCEEDED', 'Free space within the quota, or raise it, then try again.']],
  ['EFBIG', ['LIMIT_EXCEEDED', 'Raise the limit on file size, or store less.']],
  ['EACCES', ['FORBIDDEN', 'Give the user that runs this access to that path.']],
  ['EPERM', ['FORBIDDEN', 'Give the user that runs this access to that path.']],
  ['EROFS', ['FORBIDDEN', 'Use a path on a file system that is not read-only.']],
  ['ENOENT', ['NOT_FOUND', 'Check the path.']],
  ['ENOTDIR', ['INVALID_INPUT', 'Check the path: a part of it is no folder.']],
  ['EISDIR', ['INVALID_INPUT', 'Name a file: that is a folder.']],
  ['ELOOP', ['INVALID_INPUT', 'Check the path: its links lead in a circle.']],
  ['ENAMETOOLONG', ['INVALID_INPUT', 'Use a shorter path.']],
  ['EMFILE', ['UNAVAILABLE', 'Raise the limit on open files (ulimit -n).']],
  ['ENFILE', ['UNAVAILABLE', 'Close files of other processes, or raise the limit of the system.']],
  ['EAGAIN', ['UNAVAILABLE', 'Try again.']],
  ['EBUSY', ['UNAVAILABLE', 'Try again.']],
  ['EIO', ['UNAVAILABLE', 'Check the disk; the system log says more.']],
  ['ESTALE', ['UNAVAILABLE', 'Check the network file system.']],
])

/** Whether the system said that a disk, or a quota on it, has no room. */
export function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')
}

/**
 * An error of the operating system as a `SeamError`: `LIMIT_EXCEEDED` for a full disk, `FORBIDDEN`
 * for missing rights, `NOT_FOUND`, `UNAVAILABLE` for what may pass, otherwise `INTERNAL`. A
 * `SeamError` is returned as it is. `doing` names the act and the path: "Writing /x".
 */
export function fromSystemError(error: unknown, doing: string): SeamError {
  if (isSeamError(error)) return error
  const system = systemCode(error)
  const [code, remedy] = codes.get(system ?? '') ?? (['INTERNAL', undefined] as const)
  const why = system ?? (error instanceof Error ? error.message : String(error))
  return new SeamError(code, `${doing} failed: ${why}.`, { cause: error, ...(remedy !== undefined && { remedy }) })
}
