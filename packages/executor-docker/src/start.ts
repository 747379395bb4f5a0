import type { LaunchAnswer, LaunchSpec } from '@seamark/core'
import { forwarderProcesses } from '@seamark/forwarder'
import { hasCode, SeamError, sleep } from '@seamark/kit'
import { isBelow } from './check-spec.ts'
import type { Companions } from './companions.ts'
import { containerConfig, notStartedConfig, type Launching } from './container-config.ts'
import { wayOutProblem, type Engine } from './engine.ts'
import { conflict, type Launches } from './launches.ts'
import { keeperProgram, makeWatchword } from './keeper.ts'
import { awayProblem } from './meaning.ts'
import { findMissing, type Look } from './missing.ts'
import { handOver, resolveMounts } from './mounts.ts'
import { containerName, LABEL } from './names.ts'
import type { Settings } from './options.ts'
import type { ContainerFacts, PathFacts } from './port.ts'
import { phaseOf } from './state.ts'
import { openTail } from './tail.ts'

/** How long another service may take between creating a container and starting it, before its work is taken over. */
const OTHER_MS = 10_000
const LOOK_MS = 20

/** How far a launch has come. */
interface Progress {
  mayRun: boolean
}

export interface Starter {
  start(launchId: string, spec: LaunchSpec): Promise<LaunchAnswer>
}

/**
 * Starts launches. The engine lets one container have a name, and only who created it starts it, so of many who launch the
 * same id one starts it. What was created and never started, because its creator is gone, is removed and made anew.
 *
 * Between creating and starting it asks for the tombstone, which `reap` writes before it removes a container: whichever
 * comes first, nothing runs after a reap.
 */
export function openStarter(
  engine: Engine,
  launches: Launches,
  companions: Companions,
  settings: Settings,
  scope: string,
  creator: string,
  notice: (error: SeamError) => void,
): Starter {
  // An image's content never changes.
  const looked = new Map<string, Promise<PathFacts | undefined>>()

  function lookInto(id: string, image: string, targets: readonly string[]): Look {
    const stat = (path: string) => engine.call('Looking for a program', (port) => port.stat(id, path))
    return {
      stat(path) {
        if (targets.some((target) => isBelow(path, target))) return stat(path)
        const key = `${image} ${path}`
        const known = looked.get(key) ?? stat(path)
        looked.set(key, known)
        known.catch(() => looked.delete(key))
        return known
      },
      async wasMade(path) {
        const added = await engine.call('Looking for a working folder', (port) => port.added(id))
        return added.includes(path)
      },
    }
  }

  /** Leaves word of what can not start, under the launch's own name. `false` where another was faster. */
  async function putNotStarted(detail: string, launching: Launching): Promise<boolean> {
    const config = notStartedConfig(detail.slice(0, 1000), launching, settings)
    const name = containerName(scope, launching.launchId)
    return (await engine.call('Noting a launch that can not start', (port) => port.create(name, config))) !== undefined
  }

  /** What became of a launch that is there already; `undefined` where its container is gone and may be made. */
  async function settleOther(launchId: string): Promise<LaunchAnswer | undefined> {
    for (const since = Date.now(); ; await sleep(LOOK_MS)) {
      const facts = await launches.facts(launchId)
      if (await launches.wasReaped(launchId)) throw conflict(launchId)
      const phase = phaseOf(facts)
      if (facts === undefined) return undefined
      if (phase !== 'waiting' && phase !== 'absent') return { outcome: 'launched' }
      const waited = Date.now() - since
      if (phase === 'waiting' && (isOurs(facts) || waited >= OTHER_MS)) {
        // Without force: had it started after all, the engine leaves it.
        const done = await engine.call('Removing what never started', (port) => port.remove(facts.id, false))
        if (done === 'gone') return undefined
      }
      if (waited >= 2 * OTHER_MS)
        throw new SeamError('UNAVAILABLE', `The engine is still removing the container of ${launchId}.`, {
          remedy: 'See the log of the engine.',
        })
    }
  }

  // One launch of an id at a time is started here, so what is ours and waits was left by a call that failed.
  const isOurs = (facts: ContainerFacts) => facts.labels[LABEL.creator] === creator

  async function create(launchId: string, spec: LaunchSpec, progress: Progress): Promise<'taken' | 'done'> {
    const { image, engine: facts } = await engine.ready()
    const images = await companions.images(spec)
    const { mounts, missing } = await resolveMounts(spec, settings, facts.rootDir)
    const own = await forwarderProcesses({ argv: spec.argv, mounts })
    const noWayOut = own > 0 ? wayOutProblem(facts, settings) : undefined
    if (noWayOut !== undefined) throw new SeamError(noWayOut.code, noWayOut.message, { problems: [noWayOut] })
    const launching: Launching = {
      launchId,
      scope,
      creator,
      image,
      cpus: facts.cpus,
      keeper: keeperProgram(),
      // With another runtime a program can end or stop the keeper, and what it would tell is worth nothing.
      ...(settings.runtime === 'runc' && { watchword: makeWatchword() }),
      own,
    }
    if (missing !== undefined) {
      if (await launches.wasReaped(launchId)) throw conflict(launchId)
      return (await putNotStarted(`ENOENT: no such mount source ${missing}`, launching)) ? 'done' : 'taken'
    }
    const config = containerConfig({ ...spec, mounts }, launching, settings)
    const name = containerName(scope, launchId)
    const id = await engine.call('Creating a container', (port) => port.create(name, config))
    if (id === undefined) return 'taken'
    const remove = async () => {
      launches.forget(id)
      await engine.call('Removing what never started', (port) => port.remove(id, false))
      if (images.length > 0) await companions.remove(launchId)
    }
    const targets = mounts.map(({ target }) => target)
    const leaving = new AbortController()
    const [reaped, absent, live] = await Promise.all([
      launches.wasReaped(launchId),
      findMissing(spec, config, lookInto(id, image.id, targets)),
      // Before its start, so from its first byte.
      engine.call('Attaching to a container', (port) => port.live(id, leaving.signal)),
    ])
    const broke = (error: unknown): void => {
      const meant = engine.meaning('Following output', error)
      // An engine that is away is told by every call, and the end of whoever follows is no failure.
      if (!leaving.signal.aborted && meant.code !== 'UNAVAILABLE') notice(meant)
    }
    launches.keepTail(
      id,
      openTail(live, launching.watchword, () => leaving.abort(), broke),
    )
    if (reaped) {
      await remove()
      throw conflict(launchId)
    }
    if (absent !== undefined) {
      await remove()
      return (await putNotStarted(absent, launching)) ? 'done' : 'taken'
    }
    await handOver(mounts, settings)
    if (images.length > 0)
      try {
        await companions.create(id, spec, images, launching)
      } catch (error) {
        await remove()
        throw error
      }
    progress.mayRun = true
    return startIt(launchId, id, remove)
  }

  async function startIt(launchId: string, id: string, remove: () => Promise<unknown>): Promise<'done'> {
    try {
      await engine.call('Starting a container', (port) => port.start(id))
    } catch (error) {
      const facts = await launches.facts(launchId)
      if (facts?.id !== id) throw error
      const phase = phaseOf(facts)
      // It does run: only the answer was lost.
      if (phase === 'running' || phase === 'ended') return 'done'
      // 126 and 127: what it should run is at fault, and that is how it ended. All else is the engine's fault.
      if (phase === 'not-started' && (facts.exitCode === 126 || facts.exitCode === 127)) return 'done'
      await remove()
      throw error
    }
    return 'done'
  }

  return {
    async start(launchId, spec) {
      const progress: Progress = { mayRun: false }
      try {
        for (;;) {
          if ((await create(launchId, spec, progress)) === 'done') return { outcome: 'launched' }
          // Another may have started it, or be about to.
          progress.mayRun = true
          const answer = await settleOther(launchId)
          if (answer !== undefined) return answer
        }
      } catch (error) {
        const problem = progress.mayRun ? undefined : awayProblem(error)
        if (problem !== undefined) return { outcome: 'refused', reason: 'capacity', problem }
        // Calls about a container fail in many ways while it is removed.
        if (hasCode(error, 'UNAVAILABLE') && (await launches.wasReaped(launchId))) throw conflict(launchId)
        throw error
      }
    },
  }
}
