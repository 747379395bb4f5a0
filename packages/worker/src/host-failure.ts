import { fromSystemError, isNoSpace, isSeamError, SeamError, toSeamError } from '@seamark/kit'

// Somebody has to make room; asking more often would only write what fails once more.
const noSpaceRetryMs = 10_000

// The last two are git's own words, which leave out what the system said.
const said = /No space left on device|Disk quota exceeded|Out of diskspace|unable to write new index file/

/**
 * A failure of the worker's own host. A full disk is `LIMIT_EXCEEDED` and, unlike a limit on what an
 * attempt may leave, names `folder`, where there is no room, and when to try again; the rest as in `fromSystemError`.
 */
export function hostFailure(error: unknown, doing: string, folder: string): SeamError {
  if (error instanceof Error && error.name === 'AbortError') return toSeamError(error)
  if (isSeamError(error) ? !hasNoSpace(error.cause) || error.retryAfterMs !== undefined : !hasNoSpace(error))
    return fromSystemError(error, doing)
  // A seam that says what to do speaks of a disk of its own.
  const other = isSeamError(error) ? error.problems[0]?.remedy : undefined
  const what = isSeamError(error) && other !== undefined ? error.message : `no space is left on the disk of ${folder}.`
  return new SeamError('LIMIT_EXCEEDED', `${doing} failed: ${what}`, {
    remedy: other ?? `Free space on the disk of ${folder}.`,
    retryAfterMs: noSpaceRetryMs,
    cause: error,
  })
}

/** Whether a program that ran on this host says that the disk is full. What git repeats of another host does not count. */
export function saysNoSpace(stderr: string): boolean {
  return stderr.split('\n').some((line) => said.test(line) && !line.startsWith('remote:'))
}

/** The act, with every failure of the host as a `SeamError`. `folder` is where it writes. */
export async function onHost<T>(doing: string, folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw hostFailure(error, doing, folder)
  }
}

/** A program that ran on this host and failed for want of space: `hostFailure` says where. */
export function programWithoutSpace(name: string, stderr: string): SeamError {
  const cause = Object.assign(new Error(name), { stderr })
  return new SeamError('LIMIT_EXCEEDED', `${name} failed: no space is left.`, { cause })
}

function hasNoSpace(error: unknown): boolean {
  if (isNoSpace(error)) return true
  // A program that failed, such as sync.
  return error instanceof Error && !isSeamError(error) && 'stderr' in error && saysNoSpace(String(error.stderr))
}
