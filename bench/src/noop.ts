import type { Executor, ExecutorEvent, Worker } from '@seamark/core'
import { EMPTY_BLOB } from '@seamark/orchestrator'

const claim = <T>(value: T) => ({ value, proof: 'tested' as const })
const none = claim('none' as const)

/** An executor that starts nothing: every launch has exited when it is asked for. It keeps no history. */
export function noopExecutor(): Executor {
  let pending: ExecutorEvent[] = []
  let count = 0
  let wake: (() => void) | undefined

  return {
    spec: 'executor/v1',
    kind: 'noop',
    name: 'noop',
    guarantees: {
      isolation: none,
      network: none,
      filesystem: 'host',
      tree: claim('proven'),
      limits: { cpu: none, memory: none, pids: none, disk: none, wallClock: none },
      input: false,
      outlivesService: false,
    },
    async launch(launchId) {
      const at = Date.now()
      const exit = { code: 0, reason: 'exited', startedAt: at, endedAt: at, outputBytes: 0 } as const
      pending.push({ cursor: String(++count), launchId, state: { state: 'exited', exit } })
      wake?.()
      return { outcome: 'launched' }
    },
    attach: async () => ({ state: 'unknown' }),
    async *events(_cursor, { signal } = {}) {
      // Once, and not at each wait: listeners of a signal are searched one by one.
      signal?.addEventListener('abort', () => wake?.(), { once: true })
      while (signal?.aborted !== true) {
        const events = pending
        pending = []
        yield* events
        if (pending.length > 0) continue
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async *output() {},
    async kill() {},
    async *list() {},
    async reap() {},
  }
}

/** A worker without files: every step that ended has succeeded. */
export function noopWorker(): Worker {
  const spec = { argv: ['true'], env: {}, cwd: '/', mounts: [] }
  const verdict = { outcome: 'succeeded', reason: 'completed' } as const
  const product = { outputs: [], stdout: EMPTY_BLOB, stderr: EMPTY_BLOB }
  return {
    layerOf: async () => '0'.repeat(64),
    hasLayer: async () => true,
    prepare: async () => spec,
    follow: async (_task, _executor, exit) => void (await exit),
    capture: async ({ step }) => (step === 'main' ? { verdict, product } : { verdict }),
    release: async () => undefined,
  }
}
