import type { Companion, LaunchSpec } from '@seamark/core'
import { SeamError, sleep } from '@seamark/kit'
import { containerConfig, type Launching } from './container-config.ts'
import type { ContainerConfig } from './container-body.ts'
import type { Engine } from './engine.ts'
import { KEEPER } from './keeper.ts'
import { resolveMounts } from './mounts.ts'
import { containerName, LABEL } from './names.ts'
import type { Settings } from './options.ts'
import type { ContainerFacts, ImageFacts } from './port.ts'

/** How long the engine may take to end containers that were killed. */
const ENDED_MS = 60_000
const LOOK_MS = 20

/** The containers beside that of a launch. They share its network, so they are started after it, and have no state but the engine's. */
export interface Companions {
  /** Errors: `NOT_FOUND` for an image that the engine does not have. */
  images(spec: LaunchSpec): Promise<readonly ImageFacts[]>
  /** Makes them beside the container `id` of the launch, in the place of any from an earlier try. */
  create(id: string, spec: LaunchSpec, images: readonly ImageFacts[], launching: Launching): Promise<void>
  /** Starts those that were never started. */
  start(launchId: string, signal?: AbortSignal): Promise<void>
  /** Resolves when nothing of them runs any more. Errors: `UNAVAILABLE`. */
  end(launchId: string, signal?: AbortSignal): Promise<void>
  remove(launchId: string, signal?: AbortSignal): Promise<void>
}

export function openCompanions(engine: Engine, scope: string, settings: Settings): Companions {
  const all = (launchId: string, signal?: AbortSignal) =>
    engine.call(
      'Listing companions',
      (port) => port.list(`${LABEL.beside}=${containerName(scope, launchId)}`, signal),
      signal,
    )

  async function remove(launchId: string, signal?: AbortSignal): Promise<void> {
    for (const until = Date.now() + ENDED_MS; ; await sleep(LOOK_MS, signal)) {
      const found = await all(launchId, signal)
      if (found.length === 0) return
      if (Date.now() > until) throw stuck(launchId)
      for (const { id } of found)
        await engine.call('Removing a companion', (port) => port.remove(id, true, signal), signal)
    }
  }

  return {
    async images({ companions = [] }) {
      const found: ImageFacts[] = []
      for (const { image } of companions) {
        const facts = await engine.call('Looking for the image of a service', (port) => port.image(image))
        if (facts === undefined)
          throw new SeamError('NOT_FOUND', `The engine does not have the image ${image}.`, {
            remedy: `Run \`docker pull ${image}\`, or load it with \`docker load\`.`,
          })
        found.push(facts)
      }
      return found
    },

    async create(id, spec, images, launching) {
      const { launchId } = launching
      await remove(launchId)
      const { engine: facts } = await engine.ready()
      for (const [at, companion] of (spec.companions ?? []).entries()) {
        const image = images[at]
        if (image === undefined) continue
        const { mounts, missing } = await resolveMounts({ ...spec, mounts: companion.mounts }, settings, facts.rootDir)
        if (missing !== undefined)
          throw new SeamError('INVALID_INPUT', `There is no mount source ${missing}.`, {
            place: { pointer: `/companions/${at}/mounts` },
          })
        const config = companionConfig(id, { ...companion, mounts }, spec, { ...launching, image }, settings, scope)
        const name = `${containerName(scope, launchId)}.${companion.name}`
        if ((await engine.call('Creating a companion', (port) => port.create(name, config))) === undefined)
          throw new SeamError('UNAVAILABLE', `A container ${name} is there already.`, {
            remedy: `Run \`docker rm -f ${name}\`.`,
          })
      }
    },

    async start(launchId, signal) {
      for (const { id, status } of await all(launchId, signal))
        if (status === 'created') await engine.call('Starting a companion', (port) => port.start(id, signal), signal)
    },

    async end(launchId, signal) {
      for (const until = Date.now() + ENDED_MS; ; await sleep(LOOK_MS, signal)) {
        const running = (await all(launchId, signal)).filter(
          ({ status }) => status !== 'created' && status !== 'exited' && status !== 'dead',
        )
        if (running.length === 0) return
        if (Date.now() > until) throw stuck(launchId)
        for (const { id } of running) await engine.call('Stopping a companion', (port) => port.kill(id, signal), signal)
      }
    },

    remove,
  }
}

/** Whether a launch has any. Pure. */
export function hasCompanions({ labels }: Pick<ContainerFacts, 'labels'>): boolean {
  return (labels[LABEL.companions] ?? '') !== ''
}

/** As the container of the launch, but in its own image, on the network of that one, and without the keeper. Pure. */
export function companionConfig(
  id: string,
  { argv, env, mounts }: Companion,
  spec: LaunchSpec,
  launching: Launching,
  settings: Settings,
  scope: string,
): ContainerConfig {
  const { image, launchId } = launching
  // The folders of programs that a read-only image has no room in; in memory, as declared volumes are.
  const volumes = [...new Set([...image.volumes, '/run', '/var/tmp'])]
  const { watchword: _, ...rest } = launching
  const like = containerConfig(
    {
      argv,
      env,
      mounts,
      cwd: image.workingDir,
      ...(spec.limits && { limits: spec.limits }),
      ...(spec.companions && { companions: spec.companions }),
    },
    { ...rest, image: { ...image, volumes } },
    settings,
  )
  return {
    ...like,
    Entrypoint: [...argv, ...image.command],
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Hostname: '',
    Labels: {
      ...Object.fromEntries(Object.values(LABEL).map((name) => [name, ''])),
      [LABEL.deployment]: settings.deployment,
      [LABEL.image]: image.id,
      [LABEL.beside]: containerName(scope, launchId),
    },
    NetworkDisabled: false,
    HostConfig: {
      ...like.HostConfig,
      NetworkMode: `container:${id}`,
      Mounts: like.HostConfig.Mounts.filter(({ Target }) => Target !== KEEPER),
      // What it writes is written by its starter, in the container of the launch.
      LogConfig: { Type: 'local', Config: { 'max-size': '1m', 'max-file': '1', compress: 'false' } },
    },
  }
}

function stuck(launchId: string): SeamError {
  return new SeamError('UNAVAILABLE', `The engine does not end the containers beside ${launchId}.`, {
    remedy: 'See the log of the engine, then try again.',
  })
}
