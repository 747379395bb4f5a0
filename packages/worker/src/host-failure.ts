import { fromSystemError, isSeamError, SeamError, systemCode, toSeamError } from '@seamark/kit'

// Somebody has to make room; asking more often would only write what fails once more.
const noSpaceRetryMs = 10_000

// The last two are git's own words, which leave out what the system said.
const said = /No space left on device|Disk quota exceeded|Out of diskspace|unable to write new index file/

/**
 * A failure of the worker's own host. A full disk is `LIMIT_EXCEEDED` and, unlike a limit on what an
 * attempt may leave, says when to try again; the rest as in `fromSystemError`.
 */
export function hostFailure(error: unknown, doing: string): SeamError {
  if (error instanceof Error && error.name === 'AbortError') return toSeamError(error)
  if (isSeamError(error) ? !isNoSpace(error.cause) || error.retryAfterMs !== undefined : !isNoSpace(error))
    return fromSystemError(error, doing)
  return noSpace(isSeamError(error) ? error.message : `${doing} failed: there is no space left.`, error)
}

/** Whether a program that ran on this host says that the disk is full. What git repeats of another host does not count. */
export function saysNoSpace(stderr: string): boolean {
  return stderr.split('\n').some((line) => said.test(line) && !line.startsWith('remote:'))
}

export function noSpace(message: string, cause?: unknown): SeamError {
  return new SeamError('LIMIT_EXCEEDED', message, {
    remedy: 'Free space on the disk of the worker, or of the storage.',
    retryAfterMs: noSpaceRetryMs,
    cause,
  })
}

/** The act, with every failure of the host as a `SeamError`. */
export async function onHost<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw hostFailure(error, doing)
  }
}

function isNoSpace(error: unknown): boolean {
  const code = systemCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return true
  // A program that failed, such as sync.
  return error instanceof Error && !isSeamError(error) && 'stderr' in error && saysNoSpace(String(error.stderr))
}
