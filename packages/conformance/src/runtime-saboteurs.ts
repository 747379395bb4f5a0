import type { AgentEvent, DrivenEvent, Json, RuntimeAccess, RuntimeAdapter, RuntimeTask } from '@seamark/core'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (
  about: string,
  rejectedBy: readonly string[],
  change: (right: RuntimeAdapter) => Partial<RuntimeAdapter>,
) =>
  saboteur<RuntimeAdapter>(
    about,
    rejectedBy.map((id) => `runtime/${id}`),
    change,
  )

type Change = (events: AsyncIterable<DrivenEvent>, state: Json | undefined) => AsyncGenerator<DrivenEvent>

const changing =
  (change: Change) =>
  (right: RuntimeAdapter): Partial<RuntimeAdapter> => ({
    drive: (access, task, state, options) => change(right.drive(access, task, state, options), state),
  })

const seeing =
  (see: (access: RuntimeAccess) => RuntimeAccess) =>
  (right: RuntimeAdapter): Partial<RuntimeAdapter> => ({
    drive: (access, task, state, options) => right.drive(see(access), task, state, options),
  })

async function* mapped(events: AsyncIterable<DrivenEvent>, change: (event: AgentEvent) => AgentEvent) {
  for await (const { event, state } of events) yield { event: change(event), state }
}

const ignoringSignal = (right: RuntimeAdapter): Partial<RuntimeAdapter> => ({
  drive: (access: RuntimeAccess, task: RuntimeTask, state: Json | undefined) => right.drive(access, task, state),
})

/** Broken runtimes, each rejected by the cases that it names. */
export const runtimeSaboteurs: readonly Saboteur<RuntimeAdapter>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  broken('its launch is another one each time', ['prepare-is-repeatable'], (right) => {
    let count = 0
    return {
      async prepare(task, options) {
        const launch = await right.prepare(task, options)
        return { ...launch, env: { ...launch.env, COUNT: String(count++) } }
      },
    }
  }),
  broken('it writes outside its folder', ['prepare-is-repeatable'], (right) => ({
    async prepare(task, options) {
      const launch = await right.prepare(task, options)
      return { ...launch, files: [{ path: '../../etc/profile', bytes: new Uint8Array(), mode: 0o644 }] }
    },
  })),
  broken('it keeps what is outside its folder', ['keeps-in-its-folder'], (right) => ({
    async prepare(task, options) {
      return { ...(await right.prepare(task, options)), keeps: ['../elsewhere'] }
    },
  })),
  broken('it goes on with any conversation', ['goes-on'], (right) => ({
    async *drive(access, task, state, options) {
      if (state === undefined)
        yield { event: { type: 'conversation', id: 'any', resumed: task.resume !== undefined }, state: null }
      yield* right.drive(access, task, state, options)
    },
  })),
  broken('it runs something where nothing was asked for', ['prepare-refuses'], () => ({
    prepare: async () => ({ argv: ['true'], env: {}, files: [], stdin: 'none' }),
  })),
  broken(
    'it decodes each chunk by itself',
    ['any-chunks'],
    seeing((access) => ({
      ...access,
      async *output(stream, fromByte) {
        for await (const chunk of access.output(stream, fromByte))
          yield new TextEncoder().encode(new TextDecoder().decode(chunk))
      },
    })),
  ),
  broken('it starts again from the beginning', ['restart', 'restart-from-restart'], (right) => ({
    drive: (access, task, _state, options) => right.drive(access, task, undefined, options),
  })),
  broken(
    'it forgets the first event after a restart',
    ['restart', 'restart-from-restart'],
    changing(async function* (events, state) {
      let first = state !== undefined
      for await (const driven of events) {
        if (!first) yield driven
        first = false
      }
    }),
  ),
  broken(
    'its state is of the event before',
    ['restart', 'restart-from-restart'],
    changing(async function* (events, state) {
      let before = state
      for await (const driven of events) {
        yield before === undefined ? driven : { event: driven.event, state: before }
        before = driven.state
      }
    }),
  ),
  broken(
    'it keeps all output',
    ['huge-line'],
    seeing((access) => {
      const kept: Uint8Array[] = []
      return {
        ...access,
        async *output(stream, fromByte) {
          for await (const chunk of access.output(stream, fromByte)) {
            kept.push(Uint8Array.from(chunk))
            yield chunk
          }
          if (kept.length < 0) yield new Uint8Array()
        },
      }
    }),
  ),
  broken(
    'an event has no bound',
    ['huge-line'],
    changing((events) =>
      mapped(events, (event) => (event.type === 'turn-end' ? { ...event, reason: 'x'.repeat(100_000) } : event)),
    ),
  ),
  broken(
    'it fails on bytes that are not UTF-8',
    ['any-bytes'],
    seeing((access) => ({
      ...access,
      async *output(stream, fromByte) {
        const decoder = new TextDecoder('utf-8', { fatal: true })
        for await (const chunk of access.output(stream, fromByte))
          yield new TextEncoder().encode(decoder.decode(chunk, { stream: true }))
      },
    })),
  ),
  broken(
    'it never says that a turn ended',
    ['completes'],
    changing(async function* (events) {
      for await (const driven of events) if (driven.event.type !== 'turn-end') yield driven
    }),
  ),
  broken(
    'it takes every end for success',
    ['failure-is-not-success'],
    changing((events) =>
      mapped(events, (event) => (event.type === 'turn-end' ? { ...event, completed: true } : event)),
    ),
  ),
  broken('it does not wait for the end of the program', ['ends-after-exit'], (right) => ({
    drive: (access, task, state, options) =>
      right.drive(
        {
          ...access,
          exit: Promise.resolve({ reason: 'exited', code: 0, startedAt: 0, endedAt: 0, outputBytes: 0 }),
        },
        task,
        state,
        options,
      ),
  })),
  broken('it does not pass the signal on', ['abort'], ignoringSignal),
  broken('it takes a lost program for one that succeeded', ['lost'], (right) => ({
    async *drive(access, task, state, options) {
      let last: Json = null
      try {
        for await (const driven of right.drive(access, task, state, options)) {
          last = driven.state
          yield driven
        }
      } catch {
        yield { event: { type: 'turn-end', completed: true, reason: 'exited' }, state: last }
      }
    },
  })),
  broken(
    'it does not let go of the output',
    ['lets-go'],
    seeing((access) => ({
      ...access,
      output: (stream, fromByte) => ({
        [Symbol.asyncIterator]: () => {
          const inner = access.output(stream, fromByte)[Symbol.asyncIterator]()
          return { next: () => inner.next() }
        },
      }),
    })),
  ),
]
