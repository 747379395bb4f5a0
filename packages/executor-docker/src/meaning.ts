import type { Problem } from '@seamark/core'
import { isSeamError, SeamError, systemCode, toSeamError } from '@seamark/kit'
import type { EngineFailure } from './port.ts'

const NOBODY_LISTENS: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED'])

/**
 * A failed call of the engine as an error of the seam: `INTERNAL` for what neither the engine nor the connection said, which
 * is a defect. Pure.
 */
export function meaningOf(error: unknown, failure: EngineFailure, doing: string, socketPath: string): SeamError {
  if (isSeamError(error)) return error
  const { status, code, message } = failure
  const unavailable = (why: string, remedy: string) =>
    new SeamError('UNAVAILABLE', `${doing} failed: ${why}.`, { cause: error, remedy })
  if (error instanceof Error && error.name === 'AbortError')
    return new SeamError('ABORTED', 'Stopped on request.', { cause: error })
  if (error instanceof Error && error.name === 'TimeoutError')
    return unavailable('the Docker engine did not answer in time', 'See what the engine does: `docker info`.')
  if (code === 'EACCES' || code === 'EPERM')
    return unavailable(
      `this user may not use ${socketPath}`,
      'Let it: `usermod -aG docker <user>`, then start the service anew. Who may use that socket is root on this machine.',
    )
  if (status === undefined && code === undefined) return toSeamError(error)
  if (status === undefined)
    return unavailable(
      `no Docker engine answers on ${socketPath} (${code})`,
      'Start it: `systemctl start docker`, or name its socket with `socketPath`.',
    )
  if (status === 404 && /no such image/i.test(message))
    return new SeamError('NOT_FOUND', `${doing} failed: the engine does not have the image any more.`, {
      cause: error,
      remedy: 'Pull it again with `docker pull`.',
    })
  if (status === 400)
    return new SeamError('INVALID_INPUT', `${doing} failed: the engine refuses it: ${message.slice(0, 300)}`, {
      cause: error,
      remedy: 'Change what the engine names.',
    })
  return unavailable(`the engine answered ${status}: ${message.slice(0, 300)}`, 'See the log of the engine.')
}

/** What is wrong where nothing listens on the engine's socket, so that a call has not reached it. Pure. */
export function awayProblem(error: unknown): Problem | undefined {
  if (!isSeamError(error) || !NOBODY_LISTENS.has(systemCode(error.cause) ?? '')) return undefined
  return error.problems[0]
}
