import type { Executor, LaunchSpec } from '@seamark/core'
import { msOf } from './stats.ts'

/** Attempts of one spec, whose ends are followed as an engine follows them. */
export interface Attempts {
  /** Milliseconds from `launch` to the event that says that it has exited with 0; then it is reaped. */
  readonly run: () => Promise<number>
  close(): void
}

export function attemptsOf(executor: Executor, spec: LaunchSpec): Attempts {
  const closed = new AbortController()
  const waiting = new Map<string, () => void>()
  const follow = async (): Promise<void> => {
    for await (const { launchId, state } of executor.events(undefined, { signal: closed.signal }))
      if (state.state === 'exited') {
        if (state.exit.code !== 0) throw new Error(`An attempt ended: ${JSON.stringify(state.exit)}`)
        waiting.get(launchId)?.()
      }
  }
  const following = follow().catch((error: unknown) => {
    if (!closed.signal.aborted) throw error
  })
  return {
    async run() {
      const launchId = newLaunchId()
      const exited = new Promise<void>((resolve) => waiting.set(launchId, resolve))
      const ms = await msOf(async () => {
        await executor.launch(launchId, spec)
        // Only its failure can come first.
        await Promise.race([exited, following])
      })
      waiting.delete(launchId)
      await executor.reap(launchId)
      return ms
    },
    close: () => closed.abort(),
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyz234567'

export function newLaunchId(): string {
  return `sm${Array.from({ length: 32 }, () => letters[Math.floor(Math.random() * 32)]).join('')}`
}
