import type { Executor, LaunchAnswer, LaunchSpec, LaunchState, Problem } from '@seamark/core'
import { checkLaunchId, isSeamError, orAbort, SeamError, sleep, throwIfAborted } from '@seamark/kit'
import { sandboxIdentity } from '@seamark/supervisor'
import { randomUUID } from 'node:crypto'
import { basisOf } from './basis.ts'
import { checkSpec } from './check-spec.ts'
import { changesSince, parseCursor, type Known } from './cursor.ts'
import { openCompanions } from './companions.ts'
import { dockerPort } from './docker-port.ts'
import { openEngine, wayOutProblem } from './engine.ts'
import { guaranteesOf } from './guarantees.ts'
import { openGuards } from './guards.ts'
import { openInput } from './input.ts'
import { checkKeeper } from './keeper.ts'
import { openLaunches } from './launches.ts'
import { LABEL, markName, scopeOf } from './names.ts'
import { checkOptions, type DockerExecutorOptions } from './options.ts'
import { readOutput } from './output.ts'
import type { ContainerFacts } from './port.ts'
import { openStarter } from './start.ts'
import { openWatch } from './watch.ts'

/** An executor that tells what its attempts run in. */
export interface DockerExecutor extends Executor {
  /** The image that its reference named at first use. Errors: `NOT_FOUND`, `UNAVAILABLE`. */
  image(): Promise<DockerImage>
}

export interface DockerImage {
  /** `sha256:` and the digest of the image's configuration: what every container is created from. */
  readonly id: string
  /** `name@sha256:<digest>` of its manifest; none for an image that came from no registry. */
  readonly repoDigests: readonly string[]
}

/** After how long an engine that is away is asked again for changes. */
const AGAIN_MS = 1000
/** How long the engine may take to remove a container. */
const REMOVED_MS = 60_000

/**
 * Runs each attempt in a Docker container of its own, on the engine of this machine: a read-only image, its mounts, an
 * empty `/tmp`, no network, no capabilities, no privileges to gain, another user than root, a filter of system calls, and
 * limits on cores, memory, processes and time.
 *
 * Errors: those of `Executor`; `INVALID_INPUT` at once for options that can not be honoured; with the remedy, `NOT_FOUND` where the engine lacks the
 * image, and `UNAVAILABLE` where it is away, lacks the runtime, or can not hold what `guarantees` says.
 */
export function dockerExecutor(options: DockerExecutorOptions): DockerExecutor {
  const settings = checkOptions(options, sandboxIdentity() ?? ownIdentity())
  const { name, deployment } = settings
  const scope = scopeOf(deployment, name)
  const guarantees = guaranteesOf(settings.runtime, settings.serviceImages, settings.limits)
  let noWayOut: Problem | undefined
  const engine = openEngine(dockerPort(settings.socketPath), settings)
  const companions = openCompanions(engine, scope, settings)
  const launches = openLaunches(engine, scope, companions)
  const notice = options.onNotice ?? (() => undefined)
  const guards = openGuards(launches, companions, notice)
  const starter = openStarter(engine, launches, companions, settings, scope, randomUUID(), notice)
  const starting = new Map<string, Promise<LaunchAnswer>>()
  const guard = (launchId: string, state: LaunchState, facts: ContainerFacts | undefined): void => {
    if (state.state !== 'running') guards.end(launchId)
    else if (facts !== undefined) guards.watch(launchId, facts)
  }
  const resync = async () => {
    for await (const { launchId, state, facts } of launches.all()) guard(launchId, state, facts)
  }
  const watch = openWatch(engine, scope, resync, notice)
  const input = openInput(engine, launches, watch)

  async function start(launchId: string, spec: LaunchSpec): Promise<LaunchAnswer> {
    const answer = await starter.start(launchId, spec)
    if (answer.outcome === 'refused') return answer
    const facts = await launches.facts(launchId)
    if (facts?.status === 'running') guards.watch(launchId, facts)
    return answer
  }

  return {
    spec: 'executor/v1',
    kind: 'docker',
    name,
    get guarantees() {
      return { ...guarantees, ...(noWayOut && { noWayOut }) }
    },

    async launch(launchId, spec, { signal } = {}) {
      throwIfAborted(signal)
      checkLaunchId(launchId)
      checkSpec(spec, guarantees)
      watch.open()
      // A copy: what the caller changes afterwards changes nothing.
      const mine = starting.get(launchId) ?? start(launchId, structuredClone(spec))
      if (!starting.has(launchId)) {
        starting.set(launchId, mine)
        const ended = () => starting.delete(launchId)
        mine.then(ended, ended)
      }
      return orAbort(mine, signal)
    },

    async attach(launchId, { signal } = {}) {
      throwIfAborted(signal)
      checkLaunchId(launchId)
      watch.open()
      const facts = await launches.facts(launchId, signal)
      const state = await launches.state(facts, launchId, signal)
      guard(launchId, state, facts)
      return state
    },

    async *events(cursor, { signal } = {}) {
      const told = parseCursor(cursor)
      watch.open()
      for (;;) {
        throwIfAborted(signal)
        const { version } = watch
        const known: Known[] = []
        try {
          for await (const each of launches.all(signal)) {
            known.push(each)
            guard(each.launchId, each.state, each.facts)
          }
        } catch (error) {
          if (!isSeamError(error) || error.code !== 'UNAVAILABLE') throw error
          await sleep(AGAIN_MS, signal)
          continue
        }
        yield* changesSince(told, known)
        await watch.changed(version, signal)
      }
    },

    output(launchId, stream, fromByte, { signal } = {}) {
      checkLaunchId(launchId)
      watch.open()
      return readOutput(launches, launchId, stream, fromByte, signal)
    },

    async kill(launchId, { signal } = {}) {
      throwIfAborted(signal)
      checkLaunchId(launchId)
      watch.open()
      await launches.stop(launchId, 'killed', signal)
    },

    async send(launchId, bytes, { signal } = {}) {
      throwIfAborted(signal)
      checkLaunchId(launchId)
      watch.open()
      await input.send(launchId, bytes, signal)
    },

    async *list({ signal } = {}) {
      watch.open()
      for await (const { launchId, state } of launches.all(signal)) yield { launchId, state }
    },

    async reap(launchId, { signal } = {}) {
      throwIfAborted(signal)
      checkLaunchId(launchId)
      watch.open()
      guards.end(launchId)
      const labels = { [LABEL.scope]: scope, [LABEL.deployment]: deployment, [LABEL.launch]: launchId }
      const tombstone = markName(scope, launchId, 'reaped')
      await engine.call('Leaving a tombstone', (port) => port.mark(tombstone, labels, signal), signal)
      for (const until = Date.now() + REMOVED_MS; ; await sleep(20, signal)) {
        const facts = await launches.facts(launchId, signal)
        if (facts === undefined) break
        if (Date.now() > until)
          throw new SeamError('UNAVAILABLE', `The engine does not get rid of the container of ${launchId}.`, {
            remedy: 'See the log of the engine, then reap again.',
          })
        if (facts.status !== 'removing')
          await engine.call('Removing a container', (port) => port.remove(facts.id, true, signal), signal)
        launches.forget(facts.id)
      }
      // After that of the launch, without whose network none of them starts.
      await companions.remove(launchId, signal)
      const mark = markName(scope, launchId, 'stop')
      await engine.call('Removing a mark', (port) => port.unmark(mark, signal), signal)
    },

    async unavailable({ signal } = {}) {
      try {
        engine.forget()
        await orAbort(engine.ready(), signal)
        const { image, engine: facts } = await engine.ready()
        noWayOut = wayOutProblem(facts, settings)
        const there = await engine.call('Looking for the image', (port) => port.image(image.id, signal), signal)
        if (there !== undefined) return guards.trouble()?.problems[0]
        const message = `The engine does not have the image ${settings.image} any more.`
        return { code: 'NOT_FOUND', message, remedy: `Run \`docker pull ${settings.image}\`.` }
      } catch (error) {
        throwIfAborted(signal)
        const [problem] = isSeamError(error) ? error.problems : []
        if (problem === undefined) throw error
        return problem
      }
    },

    async basis({ signal } = {}) {
      const { engine: facts, image } = await orAbort(engine.ready(), signal)
      return basisOf(facts, image, settings, await checkKeeper())
    },

    async image() {
      const { id, repoDigests } = (await engine.ready()).image
      return { id, repoDigests }
    },

    async close() {
      watch.close()
      input.close()
      guards.close()
      launches.close()
      await Promise.allSettled(starting.values())
      engine.port.close()
    },
  }
}

function ownIdentity(): { readonly uid: number; readonly gid: number } {
  return { uid: process.getuid?.() ?? 1000, gid: process.getgid?.() || 1000 }
}
