import type { CallOptions, Executor, ExecutorEvent, Exit, LaunchSpec, LaunchState } from '@seamark/core'
import { hasCode, NO_LIMITS, SeamError } from '@seamark/kit'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newLaunchId } from './executor-subject.ts'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (about: string, rejectedBy: readonly string[], change: (right: Executor) => Partial<Executor>) =>
  saboteur<Executor>(
    about,
    rejectedBy.map((id) => `executor/${id}`),
    change,
  )

/** Changes what is told of every end. */
const withExit =
  (change: (exit: Exit) => Exit) =>
  (right: Executor): Partial<Executor> => ({
    async attach(launchId, options) {
      const state = await right.attach(launchId, options)
      return state.state === 'exited' ? { state: 'exited', exit: change(state.exit) } : state
    },
  })

const withReason = (from: Exit['reason'], to: Exit['reason']) =>
  withExit((exit) => (exit.reason === from ? { ...exit, reason: to } : exit))

const withSpec =
  (change: (spec: LaunchSpec) => LaunchSpec) =>
  (right: Executor): Partial<Executor> => ({
    launch: (launchId, spec, options) => right.launch(launchId, change(spec), options),
  })

const withOutput =
  (change: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) =>
  (right: Executor): Partial<Executor> => ({
    output: (launchId, stream, from, options) => change(right.output(launchId, stream, from, options)),
  })

const withEvents =
  (keep: (event: ExecutorEvent, index: number) => boolean) =>
  (right: Executor): Partial<Executor> => ({
    async *events(cursor, options) {
      let index = 0
      for await (const event of right.events(cursor, options)) if (keep(event, index++)) yield event
    },
  })

async function* endsQuietly<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    if (!hasCode(error, 'ABORTED')) throw error
  }
}

async function* shortenedTo(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let left = most
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left)
    left = Math.max(0, left - chunk.byteLength)
  }
}

async function* collectedFirst(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  yield Buffer.concat(all)
}

/** Something that goes on after the end. */
function leaveBehind({ mounts }: LaunchSpec): void {
  const folder = mounts[0]?.source
  if (folder === undefined) return
  // Until the folder is gone, as the case ends.
  const timer = setInterval(() => void appendFile(join(folder, 'signs'), 'x').catch(() => clearInterval(timer)), 10)
}

/** Broken executors, each rejected by the cases that it names. */
export const executorSaboteurs: readonly Saboteur<Executor>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  broken(
    'every exit code is one too high',
    ['runs-a-program', 'exit-codes', 'no-input', 'within-its-limits'],
    withExit((exit) => ({ ...exit, ...(exit.code !== undefined && { code: exit.code + 1 }) })),
  ),
  broken(
    'it does not count output',
    ['runs-a-program'],
    withExit((exit) => ({ ...exit, outputBytes: 0 })),
  ),
  broken('it launches again', ['launches-once', 'concurrent-launches-run-once'], (right) => {
    const known = new Set<string>()
    return {
      async launch(launchId, spec, options) {
        if (known.has(launchId)) return right.launch(newLaunchId(), spec, options)
        known.add(launchId)
        return right.launch(launchId, spec, options)
      },
    }
  }),
  broken('all but the first attempt wait in silence', ['eight-at-once'], (right) => {
    let launches = 0
    return {
      launch: async (launchId, spec, options) =>
        launches++ === 0 ? right.launch(launchId, spec, options) : { outcome: 'launched' },
    }
  }),
  broken('a launch that fails is an error', ['missing-program', 'missing-folder'], (right) => ({
    async launch(launchId, spec, options) {
      if (spec.argv[0] === '/no/such/program' || spec.cwd === '/no/such/folder')
        throw new SeamError('NOT_FOUND', 'There is no such thing.')
      return right.launch(launchId, spec, options)
    },
  })),
  broken('what it does not know is lost', ['unknown-launch', 'reaps'], (right) => ({
    async attach(launchId, options): Promise<LaunchState> {
      const state = await right.attach(launchId, options)
      return state.state === 'unknown' ? { state: 'lost' } : state
    },
  })),
  broken('it takes any input', ['invalid-input'], (right) => ({
    launch: (launchId, spec, options) =>
      right.launch(launchId, spec, options).catch((error: unknown) => {
        if (hasCode(error, 'INVALID_INPUT')) return { outcome: 'launched' }
        throw error
      }),
  })),
  broken('it ignores signals', ['aborts'], (right) => ({
    launch: (launchId, spec) => right.launch(launchId, spec),
    attach: (launchId) => right.attach(launchId),
  })),
  broken('streams end quietly when they are aborted', ['output-aborts', 'events-abort'], (right) => ({
    output: (launchId, stream, from, options) => endsQuietly(right.output(launchId, stream, from, options)),
    events: (cursor: string | undefined, options?: CallOptions) => endsQuietly(right.events(cursor, options)),
  })),
  broken('it can be closed once', ['closes-twice'], (right) => {
    let closed = false
    return {
      async close() {
        if (closed) throw new SeamError('UNAVAILABLE', 'It is closed.')
        closed = true
        await right.close?.()
      },
    }
  }),
  broken(
    'a signal is told as an exit code',
    ['signals'],
    withExit(({ signal: _, ...exit }) =>
      exit.reason === 'signaled' ? { ...exit, reason: 'exited', code: 143 } : exit,
    ),
  ),
  broken('a kill is told as a signal', ['kills'], withReason('killed', 'signaled')),
  broken('killing changes an end', ['kill-after-the-end'], (right) => {
    const killed = new Set<string>()
    return {
      async kill(launchId, options) {
        killed.add(launchId)
        await right.kill(launchId, options)
      },
      async attach(launchId, options) {
        const state = await right.attach(launchId, options)
        if (state.state !== 'exited' || !killed.has(launchId)) return state
        return { state: 'exited', exit: { ...state.exit, reason: 'killed' } }
      },
    }
  }),
  broken('something stays behind', ['kill-takes-the-tree', 'end-takes-the-tree', 'reap-kills'], (right) => ({
    async launch(launchId, spec, options) {
      leaveBehind(spec)
      return right.launch(launchId, spec, options)
    },
  })),
  broken('a timeout is told as a kill', ['timeout'], withReason('timeout', 'killed')),
  broken(
    'an output limit is one byte too low',
    ['within-its-limits'],
    withSpec(({ maxOutputBytes, ...spec }) => ({
      ...spec,
      ...(maxOutputBytes !== undefined && { maxOutputBytes: maxOutputBytes - 1 }),
    })),
  ),
  broken('too much output is told as a kill', ['output-limit'], withReason('output', 'killed')),
  broken('it lists only what runs', ['lists'], (right) => ({
    async *list(options) {
      for await (const one of right.list(options)) if (one.state.state === 'running') yield one
    },
  })),
  broken('it forgets tombstones', ['reaps', 'reap-forbids-a-launch', 'outlives-the-service'], (right) => ({
    launch: (launchId, spec, options) =>
      right.launch(launchId, spec, options).catch((error: unknown) => {
        if (hasCode(error, 'CONFLICT')) return { outcome: 'launched' }
        throw error
      }),
  })),
  {
    about: 'attempts die with the service',
    rejectedBy: ['executor/outlives-the-service'],
    break: (make) => async () => {
      const subject = await make()
      return {
        ...subject,
        reopen: async () => {
          for await (const { launchId } of subject.seam.list()) await subject.seam.kill(launchId)
          return (await subject.reopen?.()) ?? subject.seam
        },
      }
    },
  },
  broken('a launch is unknown at first', ['states-follow-each-other'], (right) => {
    const asked = new Set<string>()
    return {
      async attach(launchId, options) {
        if (asked.has(launchId)) return right.attach(launchId, options)
        asked.add(launchId)
        return { state: 'unknown' }
      },
    }
  }),
  broken('what is opened by its name fails as a socket does', ['output-opened-again'], (right) => ({
    async launch(launchId, spec, options) {
      const fails = { ...spec, argv: ['/no/such/device'] }
      return right.launch(launchId, spec.argv[0] === 'reopen' ? fails : spec, options)
    },
  })),
  broken('both streams are one', ['output', 'output-opened-again'], (right) => ({
    output: (launchId, _stream, from, options) => right.output(launchId, 'stdout', from, options),
  })),
  broken(
    'output is text',
    ['output'],
    withOutput(async function* (chunks) {
      for await (const chunk of chunks) yield Buffer.from(Buffer.from(chunk).toString('utf8'))
    }),
  ),
  broken('output always starts at its beginning', ['output-from-an-offset'], (right) => ({
    output: (launchId, stream, _from, options) => right.output(launchId, stream, 0, options),
  })),
  broken('output comes at the end', ['output-follows'], withOutput(collectedFirst)),
  broken(
    'output is cut after a mebibyte',
    ['large-output'],
    withOutput((chunks) => shortenedTo(chunks, 1_048_576)),
  ),
  broken('output of nothing is empty', ['output-of-nothing', 'reaps'], (right) => ({
    async *output(launchId, stream, from, options) {
      try {
        yield* right.output(launchId, stream, from, options)
      } catch (error) {
        if (!hasCode(error, 'NOT_FOUND')) throw error
      }
    },
  })),
  broken(
    'it does not tell starts',
    ['events'],
    withEvents(({ state }) => state.state !== 'running'),
  ),
  broken('it begins again whatever the cursor', ['events-resume'], (right) => ({
    events: (_cursor, options) => right.events(undefined, options),
  })),
  broken('it skips the first event after a cursor', ['events-resume'], (right) => ({
    async *events(cursor, options) {
      let first = cursor !== undefined
      for await (const event of right.events(cursor, options)) {
        if (!first) yield event
        first = false
      }
    },
  })),
  broken('what is sent arrives twice', ['sends'], (right) => ({
    async send(launchId, bytes, options) {
      await right.send?.(launchId, bytes, options)
      await right.send?.(launchId, bytes, options)
    },
  })),
  broken('what is sent by a service that came back is lost', ['sends-on'], (right) => {
    const own = new Set<string>()
    return {
      async launch(launchId, spec, options) {
        own.add(launchId)
        return right.launch(launchId, spec, options)
      },
      async send(launchId, bytes, options) {
        await right.send?.(launchId, own.has(launchId) ? bytes : new Uint8Array(bytes.byteLength), options)
      },
    }
  }),
  broken('it takes input that nobody reads', ['refuses-input'], (right) => ({
    async send(launchId, bytes, options) {
      try {
        await right.send?.(launchId, bytes, options)
      } catch (error) {
        if (!hasCode(error, 'CONFLICT')) throw error
      }
    },
  })),
  broken(
    'it adds a variable',
    ['empty-environment'],
    withSpec((spec) => ({ ...spec, env: { LANG: 'C', ...spec.env } })),
  ),
  broken(
    'it trims arguments and variables',
    ['hostile-text'],
    withSpec((spec) => ({ ...spec, argv: spec.argv.map((text) => text.trim()) })),
  ),
  broken(
    'every program starts in the root',
    ['working-folder'],
    withSpec((spec) => ({ ...spec, cwd: '/' })),
  ),
  broken(
    'mounts show another folder',
    ['mounts'],
    withSpec((spec) => ({ ...spec, mounts: spec.mounts.map((mount) => ({ ...mount, source: '/var/empty' })) })),
  ),
  broken(
    'read-only mounts can be written',
    ['read-only-mounts'],
    withSpec((spec) => ({ ...spec, mounts: spec.mounts.map((mount) => ({ ...mount, mode: 'read-write' })) })),
  ),
  broken('it takes a mount with another target', ['host-targets'], (right) => ({
    launch: async (launchId, spec, options) =>
      right.launch(
        launchId,
        { ...spec, mounts: spec.mounts.map((mount) => ({ ...mount, target: mount.source })) },
        options,
      ),
  })),
  broken(
    'it holds no limits',
    ['cpu-limit', 'memory-limit', 'pids-limit', 'disk-limit', 'idle-limit'],
    withSpec(({ limits: _, ...spec }) => spec),
  ),
  broken(
    'a breach of a limit is told as an exit',
    ['memory-limit', 'pids-limit', 'disk-limit', 'idle-limit'],
    withExit((exit) => ({ ...exit, reason: 'exited' })),
  ),
  broken(
    'limits are a tenth of what they should be',
    ['within-all-limits', 'not-idle'],
    withSpec((spec) => ({
      ...spec,
      ...(spec.limits && {
        limits: Object.fromEntries(Object.entries(spec.limits).map(([name, value]) => [name, Math.ceil(value / 10)])),
      }),
    })),
  ),
  broken(
    'it starts no companions, and says nothing',
    ['companions-not-held'],
    withSpec(({ companions: _, ...spec }) => spec),
  ),
  broken('it takes limits that it does not hold', ['limits-not-held'], (right) => ({
    guarantees: { ...right.guarantees, limits: NO_LIMITS },
  })),
]
