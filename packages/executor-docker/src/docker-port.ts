import { SeamError } from '@seamark/kit'
import type Docker from 'dockerode'
import { finished } from 'node:stream/promises'
import type { ContainerFacts, DockerPort, EngineFailure, PathFacts } from './port.ts'

/** How long the engine may take for one answer. It starts a container within this, and lists thousands. */
const ANSWER_MS = 60_000

// Bits of Go's `fs.FileMode`, which the engine tells a path's mode in.
const GO_FOLDER = 2 ** 31
const GO_LINK = 2 ** 27
// Devices, pipes, sockets and what is irregular.
const GO_OTHER = [26, 25, 24, 21, 19]

/** The port over dockerode, on the socket of an engine of this machine. */
export function dockerPort(socketPath: string): DockerPort {
  let client: Promise<Docker> | undefined
  // Loaded at first use: it brings a gRPC client along.
  const docker = (): Promise<Docker> =>
    (client ??= import('dockerode').then(({ default: Client }) => new Client({ socketPath })))
  const container = async (id: string) => (await docker()).getContainer(id)

  return {
    async about(signal) {
      const info: unknown = await within(signal, async (): Promise<unknown> => (await docker()).info())
      const from = record(info)
      return {
        runtimes: Object.fromEntries(
          Object.entries(record(from['Runtimes'])).map(([name, one]) => {
            const { path, runtimeArgs } = record(one)
            return [name, { path: text(path), args: texts(runtimeArgs) }]
          }),
        ),
        rootDir: text(from['DockerRootDir']),
        securityOptions: texts(from['SecurityOptions']),
        limits: {
          cpu: from['CpuCfsQuota'] === true && from['CpuCfsPeriod'] === true,
          memory: from['MemoryLimit'] === true && from['SwapLimit'] === true,
          pids: from['PidsLimit'] === true,
        },
        loggingDrivers: texts(record(from['Plugins'])['Log']),
        version: text(from['ServerVersion']),
        cpus: count(from['NCPU']),
      }
    },

    image: (reference, signal) =>
      absentIf([404], async () => {
        const found = await within(signal, async () => (await docker()).getImage(reference).inspect())
        return {
          id: found.Id,
          repoDigests: found.RepoDigests ?? [],
          env: found.Config?.Env ?? [],
          volumes: Object.keys(found.Config?.Volumes ?? {}),
          command: [found.Config?.Entrypoint, found.Config?.Cmd].flatMap((words) => texts(words)),
          workingDir: text(found.Config?.WorkingDir) || '/',
        }
      }),

    create: (name, config, signal) =>
      absentIf([409], () =>
        within(signal, async (abortSignal) => {
          const { id } = await (await docker()).createContainer({ ...config, name, abortSignal })
          return id
        }),
      ),

    async start(id, signal) {
      await within(signal, async (abortSignal): Promise<unknown> => (await container(id)).start({ abortSignal }))
    },

    async kill(id, signal) {
      // 409 says that it does not run.
      await absentIf([404, 409], () =>
        within(signal, async (abortSignal): Promise<unknown> =>
          (await container(id)).kill({ abortSignal, signal: 'SIGKILL' }),
        ),
      )
    },

    async remove(id, force, signal) {
      try {
        await within(signal, async (abortSignal): Promise<unknown> =>
          (await container(id)).remove({ force, v: true, abortSignal }),
        )
        return 'gone'
      } catch (error) {
        const { status, message } = failureOf(error)
        if (status === 404) return 'gone'
        if (status !== 409) throw error
        return /already in progress/i.test(message) ? 'going' : 'runs'
      }
    },

    inspect: (nameOrId, signal) =>
      absentIf([404], async () =>
        factsOf(await within(signal, async (abortSignal) => (await container(nameOrId)).inspect({ abortSignal }))),
      ),

    async list(label, signal) {
      const found = await within(signal, async (abortSignal) =>
        (await docker()).listContainers({ all: true, filters: { label: [label] }, abortSignal }),
      )
      return found.map(({ Id, State, Labels }) => ({ id: Id, status: State, labels: Labels }))
    },

    stat: (id, path, signal) =>
      absentIf([404], async () => {
        const answer: unknown = await within(signal, async (): Promise<unknown> =>
          (await container(id)).infoArchive({ path }),
        )
        // It has no body, and nobody else lets go of its connection.
        close(answer)
        return pathFactsOf(record(record(answer)['headers'])['x-docker-container-path-stat'])
      }),

    async added(id, signal) {
      const changes: unknown = await within(signal, async (): Promise<unknown> => (await container(id)).changes())
      if (!Array.isArray(changes)) return []
      return changes.map(record).flatMap((change) => (change['Kind'] === 1 ? [text(change['Path'])] : []))
    },

    async logs(id, signal) {
      return within(
        signal,
        async () => (await container(id)).logs({ follow: true as const, stdout: true, stderr: true }),
        (late) => close(late),
      ).then((stream) => bytesOf(stream, signal))
    },

    async live(id, signal) {
      const stream = await within(
        signal,
        async () => (await container(id)).attach({ stream: true, stdout: true, stderr: true }),
        (late) => close(late),
      )
      return bytesOf(stream, signal)
    },

    async send(id, bytes, signal) {
      const stream = await within(
        signal,
        async () => (await container(id)).attach({ stream: true, stdin: true, hijack: true }),
        (late) => close(late),
      )
      try {
        // Its end is answered with the engine's own, once all before it was taken.
        stream.end(bytes)
        stream.resume()
        await finished(stream, { signal })
      } finally {
        close(stream)
      }
    },

    async changes(label, signal) {
      const filters = { type: ['container' as const], event: ['start', 'die', 'destroy'], label: [label] }
      const stream = await within(
        signal,
        async () => (await docker()).getEvents({ filters }),
        (late) => close(late),
      )
      return bytesOf(stream, signal)
    },

    async mark(name, labels, signal) {
      await within(signal, async (abortSignal) =>
        (await docker()).createVolume({ Name: name, Driver: 'local', Labels: { ...labels }, abortSignal }),
      )
    },

    markLabels: (name, signal) =>
      absentIf([404], async () => {
        const { Labels } = await within(signal, async (abortSignal) =>
          (await docker()).getVolume(name).inspect({ abortSignal }),
        )
        return Labels ?? {}
      }),

    async unmark(name, signal) {
      await absentIf([404], () =>
        within(signal, async (abortSignal): Promise<unknown> =>
          (await docker()).getVolume(name).remove({ abortSignal }),
        ),
      )
    },

    failure: failureOf,

    close() {
      client = undefined
    },
  }
}

/** The call's answer, while the signal has not fired and it is not late. What comes after that is given to `late`. */
async function within<T>(
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
  late?: (answer: T) => void,
): Promise<T> {
  const timeout = AbortSignal.timeout(ANSWER_MS)
  const over = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  over.throwIfAborted()
  const answer = call(over)
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => {
    reject(over.reason)
    // Its failure is what was wanted.
    answer.then(late, () => undefined)
  }
  over.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([answer, promise])
  } finally {
    over.removeEventListener('abort', stop)
  }
}

async function absentIf<T>(statuses: readonly number[], call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    const { status } = failureOf(error)
    if (status !== undefined && statuses.includes(status)) return undefined
    throw error
  }
}

function failureOf(error: unknown): EngineFailure {
  const from = record(error)
  const said = record(from['json'])['message']
  const message = typeof said === 'string' ? said : error instanceof Error ? error.message : String(error)
  return {
    ...(typeof from['statusCode'] === 'number' && { status: from['statusCode'] }),
    ...(typeof from['code'] === 'string' && { code: from['code'] }),
    message,
  }
}

/** Chunks of an answer as they come; whoever stops to read lets go of the connection. */
async function* bytesOf(stream: NodeJS.ReadableStream, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  const stop = (): void => close(stream)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } finally {
    signal?.removeEventListener('abort', stop)
    close(stream)
  }
}

function close(stream: unknown): void {
  const destroy = record(stream)['destroy']
  if (typeof destroy === 'function') destroy.call(stream)
}

function factsOf({ Id, Created, State, Config, Mounts }: Docker.ContainerInspectInfo): ContainerFacts {
  return {
    id: Id,
    status: statusOf(State.Status),
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    error: State.Error,
    createdAt: millisecondsOf(Created),
    startedAt: millisecondsOf(State.StartedAt),
    endedAt: millisecondsOf(State.FinishedAt),
    labels: Config.Labels,
    input: Config.OpenStdin,
    pid: State.Pid,
    writable: Mounts.flatMap(({ Type, RW, Source }) => (Type === 'bind' && RW ? [Source] : [])),
  }
}

const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const

function statusOf(word: string): ContainerFacts['status'] {
  const status = STATUSES.find((known) => known === word)
  if (status === undefined)
    throw new SeamError('UNAVAILABLE', `The engine told a state that is not known: ${word.slice(0, 40)}`, {
      remedy: 'Use an engine of Docker 20.10 or later.',
    })
  return status
}

/** The engine's times have nanoseconds; its year 1 is never. */
function millisecondsOf(time: string): number {
  const milliseconds = Date.parse(time.replace(/(\.\d{3})\d*/, '$1'))
  return milliseconds > 0 ? milliseconds : 0
}

function pathFactsOf(header: unknown): PathFacts {
  const stat: unknown = JSON.parse(Buffer.from(text(header), 'base64').toString('utf8'))
  const mode = Number(record(stat)['mode'])
  const has = (bits: number) => Math.floor(mode / bits) % 2 === 1
  const other = GO_OTHER.some((bit) => has(2 ** bit))
  return {
    kind: has(GO_LINK) ? 'link' : has(GO_FOLDER) ? 'folder' : other ? 'other' : 'file',
    executable: (mode & 0o111) !== 0,
    leadsTo: text(record(stat)['linkTarget']),
  }
}

type Fields = Readonly<Record<string, unknown>>

function record(value: unknown): Fields {
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function count(value: unknown): number {
  return typeof value === 'number' && value >= 1 ? value : 1
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : []
}
