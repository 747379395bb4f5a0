import type { Journal } from '@seamark/core'
import { SeamError, sleep } from '@seamark/kit'
import type { Engine, StopOptions } from '@seamark/orchestrator'
import { leaderOf } from './leader.ts'
import { withLeaseTaken } from './leftovers.ts'

export interface LeadershipOptions {
  readonly ns: string
  readonly journal: Journal
  /** Makes the engine on a journal that knows when the lease was taken. */
  readonly makeEngine: (journal: Journal) => Engine
  /** Done under the lease, before the engine does anything. */
  readonly taken: () => Promise<void>
}

/** The engine of a service and whether it leads: one holds the lease, and standbys wait for it where the journal lets them. */
export interface Leadership {
  /** Absent until it leads. */
  readonly engine: Engine | undefined
  readonly authorize: Engine['authorize']
  /** Resolves with the reason when the engine can not go on. */
  readonly failed: Promise<unknown>
  /** Starts the engine, once; resolves when it leads. Errors: those of `Engine.start`. */
  lead(): Promise<void>
  /** Whether the lease is still another's after `patienceMs`. Errors: those of `lead`. */
  waits(patienceMs: number): Promise<boolean>
  /** How the service that leads names itself, where it is known. */
  leader(): Promise<string | undefined>
  /** The engine. Errors: `UNAVAILABLE` while it does not lead, naming who does. */
  require(): Promise<Engine>
  /** Stops waiting for the lease, or the engine. */
  stop(how?: StopOptions): Promise<void>
}

export function leadership({ ns, journal, makeEngine, taken }: LeadershipOptions): Leadership {
  const waiting = new AbortController()
  const lease = Promise.withResolvers<void>()
  const leader = leaderOf(journal, ns)
  const engine = makeEngine(
    withLeaseTaken(journal, {
      signal: waiting.signal,
      async taken() {
        lease.resolve()
        await taken()
      },
    }),
  )
  let leads = false
  let leading: Promise<void> | undefined

  async function start(): Promise<void> {
    await engine.start()
    leads = true
  }

  function lead(): Promise<void> {
    leading ??= start()
    return leading
  }

  return {
    get engine() {
      return leads ? engine : undefined
    },
    authorize: engine.authorize,
    failed: engine.failed,
    lead,
    async waits(patienceMs) {
      const settled = new AbortController()
      const late = sleep(patienceMs, settled.signal).then(
        () => true,
        () => false,
      )
      const early = Promise.race([lead(), lease.promise]).then(() => false)
      try {
        return await Promise.race([early, late])
      } finally {
        settled.abort()
      }
    },
    leader,
    async require() {
      if (leads) return engine
      throw new SeamError('UNAVAILABLE', `This service is a standby: ${(await leader()) ?? 'another one'} leads.`, {
        remedy: 'Ask that one. This one takes commands once it has taken over.',
      })
    },
    stop(how) {
      waiting.abort()
      return engine.stop(how)
    },
  }
}
