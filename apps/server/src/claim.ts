import { randomUUID } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CallOptions } from '@seamark/core'
import { fromSystemError, orAbort, SeamError, systemCode } from '@seamark/kit'
import { serviceFolder } from './socket.ts'

/**
 * Who may change what attempts have in a data folder: whoever took it last. A lease is lost far away, and a service that
 * was frozen or cut off learns that late; this is seen at once by every service in the folder.
 */
export interface Claim {
  /** Takes it from whoever has it, and watches it from then on. Only under the lease. */
  take(): void
  /** Whether nobody else took it since this one did. */
  held(): boolean
  /** Fires, with a `CONFLICT`, when it is found out that another one took it. */
  readonly lost: AbortSignal
  /**
   * Calls while it is held. Once it is not, what is under way is aborted, and nothing is answered any more until the
   * caller's signal fires: any answer would be taken for the end of an attempt that is another's now.
   * Errors: `ABORTED`; without a signal that of `lost`; those of the call.
   */
  during<T>(options: CallOptions | undefined, call: (options: CallOptions) => Promise<T>): Promise<T>
  /** Watches it no more. Nothing is given back: the next one takes it. */
  close(): void
}

// While a call is under way: less than the next leader needs until it touches an attempt.
const busyMs = 100
const idleMs = 1_000

export function claimOn(dataDir: string): Claim {
  const path = join(dataDir, 'service', 'claim')
  const token = randomUUID()
  const lost = new AbortController()
  let underWay = 0
  let busy: NodeJS.Timeout | undefined
  let idle: NodeJS.Timeout | undefined

  function held(): boolean {
    if (lost.signal.aborted) return false
    if ((read(path) ?? token) === token) return true
    lost.abort(
      new SeamError('CONFLICT', `The data folder ${dataDir} was taken over by another service.`, {
        remedy: 'Talk to that one. This one may be started again, and stands by where the journal lets it.',
      }),
    )
    return false
  }

  function look(): void {
    try {
      held()
    } catch {
      // The next look, or the next call, which says so, finds out.
    }
  }

  async function requireHeld(signal: AbortSignal | undefined): Promise<void> {
    if (held()) return
    if (signal === undefined) throw lost.signal.reason
    await orAbort(new Promise<never>(() => undefined), signal)
  }

  return {
    take() {
      serviceFolder(dataDir)
      writeFileSync(`${path}.new`, token, { mode: 0o600 })
      renameSync(`${path}.new`, path)
      idle = setInterval(look, idleMs).unref()
    },
    held,
    lost: lost.signal,
    async during(options, call) {
      const signal = options?.signal
      await requireHeld(signal)
      if (underWay++ === 0) busy = setInterval(look, busyMs)
      try {
        return await call({ ...options, signal: AbortSignal.any([lost.signal, ...(signal ? [signal] : [])]) })
      } finally {
        if (--underWay === 0) clearInterval(busy)
        await requireHeld(signal)
      }
    },
    close: () => clearInterval(idle),
  }
}

/** `undefined` where the folder was removed: then nobody took it. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw fromSystemError(error, `Reading ${path}`)
  }
}
