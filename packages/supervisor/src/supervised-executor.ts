import type { Executor, ExecutorGuarantees, LaunchAnswer, LaunchSpec } from '@seamark/core'
import { checkLaunchId, NO_LIMITS, throwIfAborted } from '@seamark/kit'
import { checkSpec } from './check-spec.ts'
import { supervisorClient, type SupervisorClient } from './client.ts'
import { fields, number, numberOrNone, text, word, type Fields } from './fields.ts'
import type { LaunchRequest } from './launch-request.ts'
import { supervisorProblem } from './platform.ts'
import type { Hello } from './protocol.ts'
import { readOutput } from './read-output.ts'
import { prepareFolder, type SupervisorOptions } from './start.ts'
import { stateFrom } from './state.ts'

export interface SupervisedExecutorOptions extends SupervisorOptions {
  readonly kind: string
  readonly name: string
  readonly guarantees: ExecutorGuarantees
  /** Turns a checked spec into what the supervisor starts. */
  prepare(spec: LaunchSpec, hello: Hello): Promise<LaunchRequest>
}

/** What every executor promises whose attempts belong to a supervisor: of limits, time with and without output. */
export const SUPERVISED_GUARANTEES: Pick<ExecutorGuarantees, 'limits' | 'input' | 'outlivesService'> = {
  limits: {
    ...NO_LIMITS,
    wallClock: { value: 'enforced', proof: 'tested' },
    idle: { value: 'enforced', proof: 'tested' },
  },
  input: true,
  outlivesService: true,
}

/** An executor whose attempts belong to the supervisor of a data folder. */
export function supervisedExecutor(options: SupervisedExecutorOptions): Executor {
  const client: SupervisorClient = supervisorClient(options, options.name)

  return {
    spec: 'executor/v1',
    kind: options.kind,
    name: options.name,
    // Where it is found by trying, it is looked up only when it is asked for.
    get guarantees() {
      return options.guarantees
    },

    async launch(launchId, spec, { signal } = {}) {
      throwIfAborted(signal)
      checkLaunchId(launchId)
      const { defaultLimits } = options.guarantees
      const limited = defaultLimits === undefined ? spec : { ...spec, limits: { ...defaultLimits, ...spec.limits } }
      checkSpec(limited, options.guarantees)
      const launch = await options.prepare(limited, await client.hello(signal))
      return answerFrom(await client.ask({ op: 'launch', launchId, launch }, signal))
    },
    async attach(launchId, { signal } = {}) {
      checkLaunchId(launchId)
      return stateFrom(await client.ask({ op: 'attach', launchId }, signal))
    },
    events: (cursor, { signal } = {}) => client.events(cursor, signal),
    output(launchId, stream, fromByte, { signal } = {}) {
      checkLaunchId(launchId)
      return readOutput(client, prepareFolder(options.dir), launchId, stream, fromByte, signal)
    },
    async kill(launchId, { signal } = {}) {
      checkLaunchId(launchId)
      await client.ask({ op: 'kill', launchId }, signal)
    },
    async *list({ signal } = {}) {
      for (const [launchId, from] of await collect(client, 'list', signal))
        yield { launchId, state: stateFrom(from['state']) }
    },
    async reap(launchId, { signal } = {}) {
      checkLaunchId(launchId)
      await client.ask({ op: 'reap', launchId }, signal)
    },
    async send(launchId, bytes, { signal } = {}) {
      checkLaunchId(launchId)
      await client.askOnce({ op: 'send', launchId, base64: Buffer.from(bytes).toString('base64') }, signal)
    },
    async *leftovers({ signal } = {}) {
      for (const [launchId, from] of await collect(client, 'leftovers', signal))
        yield { launchId, processes: number(from, 'processes') }
    },
    unavailable: async () => supervisorProblem(),
    close: () => client.close(),
  }
}

/** By launch, because a request that is repeated over a new connection brings its items again. */
async function collect(
  client: SupervisorClient,
  op: 'list' | 'leftovers',
  signal: AbortSignal | undefined,
): Promise<Map<string, Fields>> {
  const items = new Map<string, Fields>()
  await client.ask({ op }, signal, (item) => {
    const from = fields(item, 'item')
    items.set(text(from, 'launchId'), from)
  })
  return items
}

function answerFrom(value: unknown): LaunchAnswer {
  const from = fields(value, 'answer')
  if (word(from, 'outcome', ['launched', 'refused']) === 'launched') return { outcome: 'launched' }
  const retryAfterMs = numberOrNone(from, 'retryAfterMs')
  return { outcome: 'refused', reason: 'capacity', ...(retryAfterMs !== undefined && { retryAfterMs }) }
}
