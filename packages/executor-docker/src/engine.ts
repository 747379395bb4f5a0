import type { Problem } from '@seamark/core'
import { orAbort, SeamError } from '@seamark/kit'
import { basename } from 'node:path'
import { checkKeeper } from './keeper.ts'
import { meaningOf } from './meaning.ts'
import type { Settings } from './options.ts'
import type { DockerPort, EngineFacts, ImageFacts } from './port.ts'

/** What an executor runs on, found by asking. */
export interface Ready {
  readonly engine: EngineFacts
  readonly image: ImageFacts
}

export interface Engine {
  readonly port: DockerPort
  /** A call of the engine; its failure as an error of the seam. */
  call<T>(doing: string, call: (port: DockerPort) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** What a failure means that came while an answer was read. */
  meaning(doing: string, error: unknown): SeamError
  /** Errors: `UNAVAILABLE` where no attempt can be started as it has to be, `NOT_FOUND` where there is no such image. */
  ready(): Promise<Ready>
  /** Asks the engine anew before the next launch. */
  forget(): void
}

export function openEngine(port: DockerPort, settings: Settings): Engine {
  const { socketPath } = settings
  let engine: Promise<EngineFacts> | undefined
  let image: ImageFacts | undefined

  const meaning: Engine['meaning'] = (doing, error) => meaningOf(error, port.failure(error), doing, socketPath)
  const call: Engine['call'] = async (doing, make, signal) => {
    try {
      return await orAbort(make(port), signal)
    } catch (error) {
      throw meaning(doing, error)
    }
  }

  async function askEngine(): Promise<EngineFacts> {
    const facts = await call('Asking the Docker engine what it is', () => port.about())
    checkEngine(facts, settings)
    await checkKeeper()
    return facts
  }

  async function askImage(): Promise<ImageFacts> {
    const found = await call('Looking for the image', () => port.image(image?.id ?? settings.image))
    if (found === undefined)
      throw new SeamError('NOT_FOUND', `The engine does not have the image ${settings.image}.`, {
        remedy: `Run \`docker pull ${settings.image}\`, or load it with \`docker load\`.`,
      })
    // What a tag named at first use stays what runs.
    return (image ??= found)
  }

  return {
    port,
    call,
    meaning,
    async ready() {
      engine ??= askEngine().catch((error: unknown) => {
        engine = undefined
        throw error
      })
      return { engine: await engine, image: image ?? (await askImage()) }
    },
    forget() {
      engine = undefined
    },
  }
}

/** Refuses an engine that can not hold what this executor promises with `UNAVAILABLE`. Pure. */
export function checkEngine(facts: EngineFacts, { runtime }: Settings): void {
  const unavailable = (message: string, remedy: string): never => {
    throw new SeamError('UNAVAILABLE', message, { remedy })
  }
  if (!Object.hasOwn(facts.runtimes, runtime))
    unavailable(
      `The engine has no runtime ${runtime}; it has ${Object.keys(facts.runtimes).join(', ')}.`,
      'Add it to `runtimes` in /etc/docker/daemon.json and restart the engine.',
    )
  for (const [limit, holds] of Object.entries(facts.limits))
    if (!holds)
      unavailable(
        `The engine can not limit ${limit} here.`,
        'Give it a cgroup hierarchy with the controllers cpu, memory (swap too) and pids.',
      )
  if (!facts.securityOptions.some((option) => /^name=seccomp(,|$)/.test(option)))
    unavailable(
      'The engine can not filter system calls.',
      'Use an engine that was built with seccomp, on a kernel with it.',
    )
  if (facts.securityOptions.some((option) => /^name=(userns|rootless)/.test(option)))
    unavailable(
      'The engine maps users, so an attempt could not write to its mounts.',
      'Use an engine without `userns-remap` that is not rootless.',
    )
  if (!facts.loggingDrivers.includes('local'))
    unavailable('The engine has no logging driver `local`.', 'Use Docker 18.09 or later.')
}

/**
 * Why no program could take a way out, if none could: gVisor lets none connect to a socket of the host, such as the gateway's, unless
 * it is told to. Pure.
 */
export function wayOutProblem(
  { runtimes }: Pick<EngineFacts, 'runtimes'>,
  { runtime }: Pick<Settings, 'runtime'>,
): Problem | undefined {
  const { path = '', args = [] } = runtimes[runtime] ?? {}
  if (basename(path) !== 'runsc' || args.some((arg) => OPENS_SOCKETS.test(arg))) return undefined
  return {
    code: 'UNSUPPORTED',
    message: `The runtime ${runtime} lets no attempt connect to the gateway: it runs without --host-uds=open.`,
    remedy: `Add "--host-uds=open" to \`runtimeArgs\` of ${runtime} in /etc/docker/daemon.json and restart the engine, or ask for no way out.`,
  }
}

const OPENS_SOCKETS = /^--?(host-uds=(open|all)|fsgofer-host-uds(=true)?)$/
