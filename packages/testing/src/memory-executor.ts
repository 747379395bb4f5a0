import type { Executor, ExecutorGuarantees } from '@seamark/core'
import { checkLaunchSpec, orAbort, SeamError, throwIfAborted } from '@seamark/kit'
import { memoryHost } from './memory-host.ts'
import type { MemoryHost } from './memory-host.ts'

export interface MemoryExecutorOptions {
  /** The name of this instance. Default `memory`. */
  readonly name?: string
  /** Where attempts live. Give the same one to a second executor to see a service restart. */
  readonly host?: MemoryHost
  /** Default: it runs at once what fits; promises what the host in memory keeps. */
  readonly guarantees?: Partial<ExecutorGuarantees>
}

/** An executor without processes: programs are functions, see `memoryPrograms`. For tests only. */
export function memoryExecutor(options: MemoryExecutorOptions = {}): Executor {
  const host = options.host ?? memoryHost()
  let closed = false

  const check = (launchId: string, signal: AbortSignal | undefined) => {
    throwIfAborted(signal)
    if (closed) throw new SeamError('UNAVAILABLE', 'The executor is closed.')
    if (!/^sm[a-z2-7]{32}$/.test(launchId)) throw new SeamError('INVALID_INPUT', 'That is no launch id.')
  }
  const mustKnow = (launchId: string) => {
    const launch = host.launches.get(launchId)
    if (launch === undefined) throw new SeamError('NOT_FOUND', `There is no launch ${launchId}.`)
    return launch
  }

  return {
    spec: 'executor/v1',
    kind: 'memory',
    name: options.name ?? 'memory',
    guarantees: { ...guarantees, ...options.guarantees },

    async launch(launchId, spec, { signal } = {}) {
      check(launchId, signal)
      checkLaunchSpec(spec, (wrong) => {
        if ((spec.companions ?? []).length > 0) wrong('/companions', 'This executor starts no companions.')
        if (Object.values(spec.limits ?? {}).some((limit) => typeof limit !== 'number' || limit < 0))
          wrong('/limits', 'A limit is no number from 0.')
      })
      if (host.isReaped(launchId)) throw new SeamError('CONFLICT', `The launch ${launchId} was reaped.`)
      if (host.launches.has(launchId)) return { outcome: 'launched' }
      if (!host.hasRoom()) return { outcome: 'refused', reason: 'capacity' }
      host.start(launchId, spec)
      return { outcome: 'launched' }
    },
    async attach(launchId, { signal } = {}) {
      check(launchId, signal)
      return host.launches.get(launchId)?.state ?? { state: 'unknown' }
    },
    async *events(cursor, { signal } = {}) {
      if (cursor !== undefined && !/^\d+$/.test(cursor)) throw new SeamError('INVALID_INPUT', 'That is no cursor.')
      throwIfAborted(signal)
      for (let next = Number(cursor ?? 0); !closed;) {
        const event = host.changes[next]
        if (event === undefined) await orAbort(host.changed(), signal)
        else {
          next++
          if (cursor !== undefined || host.launches.has(event.launchId)) yield event
        }
      }
    },
    async *output(launchId, stream, fromByte, { signal } = {}) {
      check(launchId, signal)
      for (let offset = fromByte; ;) {
        throwIfAborted(signal)
        const launch = mustKnow(launchId)
        const all = Buffer.concat(launch.output[stream])
        if (offset < all.byteLength) {
          const more = new Uint8Array(all.subarray(offset))
          offset = all.byteLength
          yield more
        } else if (launch.state.state === 'running') await orAbort(host.changed(), signal)
        else return
      }
    },
    async kill(launchId, { signal } = {}) {
      check(launchId, signal)
      host.launches.get(launchId)?.kill('killed')
    },
    async *list({ signal } = {}) {
      throwIfAborted(signal)
      for (const { launchId, state } of host.launches.values()) yield { launchId, state }
    },
    async reap(launchId, { signal } = {}) {
      check(launchId, signal)
      host.reap(launchId)
    },
    async send(launchId, bytes, { signal } = {}) {
      check(launchId, signal)
      mustKnow(launchId).send(bytes)
    },
    async close() {
      closed = true
    },
  }
}

const enforced = { value: 'enforced', proof: 'tested' } as const

const guarantees: ExecutorGuarantees = {
  isolation: { value: 'none', proof: 'tested' },
  network: { value: 'host', proof: 'tested' },
  filesystem: 'private',
  tree: { value: 'proven', proof: 'tested' },
  limits: {
    cpu: enforced,
    memory: enforced,
    pids: enforced,
    disk: enforced,
    wallClock: enforced,
    idle: enforced,
  },
  input: true,
  outlivesService: true,
}
