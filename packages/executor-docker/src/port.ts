import type { ContainerConfig } from './container-body.ts'

/** What the engine says of itself. */
export interface EngineFacts {
  /** By name: the program of each, and its arguments; both empty where the engine does not say. */
  readonly runtimes: Readonly<Record<string, { readonly path: string; readonly args: readonly string[] }>>
  /** Folder of its images and containers. */
  readonly rootDir: string
  /** Such as `name=seccomp,profile=default`. */
  readonly securityOptions: readonly string[]
  readonly limits: { readonly cpu: boolean; readonly memory: boolean; readonly pids: boolean }
  readonly loggingDrivers: readonly string[]
  /** Such as `20.10.24`. */
  readonly version: string
  /** Cores. */
  readonly cpus: number
}

export interface ImageFacts {
  /** `sha256:` and the digest of its configuration, which names all of its content. */
  readonly id: string
  /** `name@sha256:<digest>`, one for each registry that it came from. */
  readonly repoDigests: readonly string[]
  /** `NAME=VALUE`. */
  readonly env: readonly string[]
  /** Folders that it declares as volumes. */
  readonly volumes: readonly string[]
  /** What it starts by itself, and where. */
  readonly command: readonly string[]
  readonly workingDir: string
}

export interface ContainerFacts {
  readonly id: string
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'
  readonly exitCode: number
  readonly oomKilled: boolean
  /** What the engine said when it could not start it; empty otherwise. */
  readonly error: string
  /** Epoch milliseconds by the engine's clock; 0 where it has not happened. */
  readonly createdAt: number
  readonly startedAt: number
  readonly endedAt: number
  readonly labels: Readonly<Record<string, string>>
  /** Whether its program has an input that can be sent to. */
  readonly input: boolean
  /** Its first process on this machine; 0 where none runs. */
  readonly pid: number
  /** Folders and files of this machine that it may write. */
  readonly writable: readonly string[]
}

/** A file or folder in a container. */
export interface PathFacts {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** Whether anybody may execute it. */
  readonly executable: boolean
  /** Of a link: the path that it leads to, every link on the way followed. */
  readonly leadsTo: string
}

/** A failure that the engine answered, or that there was no answer. */
export interface EngineFailure {
  /** HTTP status; `undefined` where there was no answer. */
  readonly status?: number
  /** Node's code, where there was no answer. */
  readonly code?: string
  readonly message: string
}

/** The calls of a Docker engine that an executor is made of. Each is one request and rejects with the client's own error. */
export interface DockerPort {
  about(signal?: AbortSignal): Promise<EngineFacts>
  image(reference: string, signal?: AbortSignal): Promise<ImageFacts | undefined>
  /** The id of the new container, or `undefined` where the name is taken. */
  create(name: string, config: ContainerConfig, signal?: AbortSignal): Promise<string | undefined>
  start(id: string, signal?: AbortSignal): Promise<void>
  /** Sends SIGKILL. A container that does not run is left as it is. */
  kill(id: string, signal?: AbortSignal): Promise<void>
  /** With its volumes. `force` kills it first; without, one that runs is left. */
  remove(id: string, force: boolean, signal?: AbortSignal): Promise<'gone' | 'going' | 'runs'>
  inspect(nameOrId: string, signal?: AbortSignal): Promise<ContainerFacts | undefined>
  /** Of all containers with this label, whatever their state. */
  list(
    label: string,
    signal?: AbortSignal,
  ): Promise<
    readonly { readonly id: string; readonly status: string; readonly labels: Readonly<Record<string, string>> }[]
  >
  /** A path in a container, its mounts included. */
  stat(id: string, path: string, signal?: AbortSignal): Promise<PathFacts | undefined>
  /** Paths that are in a container and not in its image. */
  added(id: string, signal?: AbortSignal): Promise<readonly string[]>
  /** Both streams as the engine multiplexes them, from the beginning; follows a container that runs. */
  logs(id: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /** Both streams from when the promise resolves, as they are written. The program waits for who reads slowly. */
  live(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /** Writes to a container's input; resolves when the engine has passed all of it on. The program may be slow to read. */
  send(id: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>
  /** One item for each change of a container with this label, from when the promise resolves. */
  changes(label: string, signal: AbortSignal): Promise<AsyncIterable<unknown>>
  /** Makes a mark. One that is there stays as it is. */
  mark(name: string, labels: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>
  markLabels(name: string, signal?: AbortSignal): Promise<Readonly<Record<string, string>> | undefined>
  unmark(name: string, signal?: AbortSignal): Promise<void>
  failure(error: unknown): EngineFailure
  close(): void
}
