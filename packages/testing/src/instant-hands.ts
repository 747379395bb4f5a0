import type { Executor, ItemSpec, LaunchState, Worker } from '@seamark/core'
import { NO_LIMITS } from '@seamark/kit'

const BLOB = { sha256: '0'.repeat(64), size: 0 }
const claim = <T>(value: T) => ({ value, proof: 'tested' as const })

/** What an engine works with. */
export interface InstantHands {
  readonly executors: readonly Executor[]
  readonly worker: Worker
}

/** An executor and a worker whose every attempt succeeds at once, or never ends where it is to `hold`. */
export function instantHands({ hold = false }: { readonly hold?: boolean } = {}): InstantHands {
  const ended: string[] = []
  let wake = (): void => undefined
  const state = (): LaunchState =>
    hold
      ? { state: 'running', startedAt: Date.now() }
      : {
          state: 'exited',
          exit: { code: 0, reason: 'exited', startedAt: Date.now(), endedAt: Date.now(), outputBytes: 0 },
        }
  const executor: Executor = {
    spec: 'executor/v1',
    kind: 'instant',
    name: 'instant',
    guarantees: {
      isolation: claim('none'),
      network: claim('none'),
      filesystem: 'host',
      tree: claim('proven'),
      limits: { ...NO_LIMITS, wallClock: claim('enforced') },
      input: false,
      outlivesService: true,
    },
    async launch(launchId) {
      ended.push(launchId)
      wake()
      return { outcome: 'launched' }
    },
    attach: async (launchId) => (ended.includes(launchId) ? state() : { state: 'unknown' }),
    async *events(cursor, { signal } = {}) {
      for (let next = Number(cursor ?? 0); signal?.aborted !== true;) {
        const launchId = ended[next]
        if (launchId !== undefined) yield { cursor: String(++next), launchId, state: state() }
        else
          await new Promise<void>((resolve) => {
            wake = resolve
            signal?.addEventListener('abort', () => resolve(), { once: true })
          })
      }
    },
    async *output() {},
    kill: async () => undefined,
    async *list() {},
    reap: async () => undefined,
  }
  const worker: Worker = {
    layerOf: async () => 'b'.repeat(64),
    hasLayer: async () => false,
    prepare: async () => ({ argv: ['true'], env: {}, cwd: '/', mounts: [] }),
    follow: async (_task, _executor, exited) => void (await exited),
    capture: async () => ({
      verdict: { outcome: 'succeeded', reason: 'completed' },
      product: { outputs: [], stdout: BLOB, stderr: BLOB },
    }),
    release: async () => undefined,
  }
  return { executors: [executor], worker }
}

/** An item for them. */
export const instantItem = (id: string): ItemSpec => ({
  id,
  run: 'true',
  needs: [],
  locks: [],
  gates: [],
  outputs: [],
  effects: 'write-impure',
  runtime: 'command',
  executor: 'instant',
  queue: 'default',
  priority: 0,
  timeoutMs: 60_000,
  retries: { max: 0, minDelayMs: 10, maxDelayMs: 100 },
  env: {},
  keepWorkspace: true,
})
