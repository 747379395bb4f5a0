import type { LaunchState, OutputStream } from '@seamark/core'
import { isLaunchId, SeamError } from '@seamark/kit'
import { judgeFirst, refusedWritesFrom } from '@seamark/supervisor'
import { hasCompanions, type Companions } from './companions.ts'
import { clipper, type Count, type Piece } from './demultiplex.ts'
import type { Engine } from './engine.ts'
import { watchwordFrom } from './keeper.ts'
import { containerName, LABEL, markName } from './names.ts'
import type { ContainerFacts } from './port.ts'
import { limitOf, phaseOf, stateOf, stopReasonOf, type StopReason } from './state.ts'
import type { Known } from './cursor.ts'
import { openStreams, type Streams } from './streams.ts'
import type { Tail } from './tail.ts'

const NOTHING: Count = { stdout: 0, stderr: 0, over: false }

/** What is known of the launches of one scope, by asking the engine. Ends never change, so they are kept. */
export interface Launches {
  facts(launchId: string, signal?: AbortSignal): Promise<ContainerFacts | undefined>
  state(facts: ContainerFacts | undefined, launchId: string, signal?: AbortSignal): Promise<LaunchState>
  /** All that is not reaped; with facts where it was asked for. */
  all(signal?: AbortSignal): AsyncIterable<Known & { readonly facts?: ContainerFacts }>
  /** The output of a container from its beginning, up to its limit, in the order in which it was kept. */
  pieces(facts: ContainerFacts, signal?: AbortSignal): AsyncIterable<Piece>
  /** The same without the limit. */
  rawPieces(facts: ContainerFacts, signal?: AbortSignal): AsyncIterable<Piece>
  /** How much there is of a stream of what has ended. */
  size(facts: ContainerFacts, stream: OutputStream, signal?: AbortSignal): Promise<number>
  /** Kills what runs, and leaves word why. The first reason stays. */
  stop(launchId: string, reason: StopReason, signal?: AbortSignal): Promise<void>
  wasReaped(launchId: string): Promise<boolean>
  /** What a failure means that came while an answer was read. */
  meaning(doing: string, error: unknown): SeamError
  /** The live end of a container's output, where this executor started it. */
  tail(facts: ContainerFacts): Tail | undefined
  keepTail(id: string, tail: Tail): void
  forget(id: string): void
  close(): void
}

export function openLaunches(engine: Engine, scope: string, companions: Companions): Launches {
  const ends = new Map<string, { readonly state: LaunchState; readonly count: Count }>()
  const tails = new Map<string, Tail>()

  const facts: Launches['facts'] = (launchId, signal) =>
    engine.call('Asking for a launch', (port) => port.inspect(containerName(scope, launchId), signal), signal)

  async function* pieces(of: ContainerFacts, signal?: AbortSignal): AsyncIterable<Piece> {
    const clip = clipper(limitOf(of, 'maxOutputBytes'))
    for await (const piece of rawPieces(of, signal)) {
      const kept = clip.take(piece)
      if (kept.bytes.byteLength > 0) yield kept
    }
  }

  const streamsOf = (of: ContainerFacts) => openStreams(watchwordFrom(of.labels[LABEL.watchword]))

  function rawPieces(of: ContainerFacts, signal?: AbortSignal): AsyncIterable<Piece> {
    return through(streamsOf(of), of, signal)
  }

  async function* through(streams: Streams, of: ContainerFacts, signal?: AbortSignal): AsyncIterable<Piece> {
    const chunks = await engine.call('Reading output', (port) => port.logs(of.id, signal), signal)
    for await (const chunk of chunks) yield* streams.take(chunk)
    // The log of what runs may break off anywhere, and is read again.
    if (phaseOf(of) === 'ended') yield* streams.end()
  }

  async function ended(of: ContainerFacts, launchId: string, signal?: AbortSignal) {
    const known = ends.get(of.id)
    if (known !== undefined) return known
    // What shares its network is of the launch, so that has not ended before.
    if (hasCompanions(of)) await companions.end(launchId, signal)
    const clip = clipper(limitOf(of, 'maxOutputBytes'))
    const streams = streamsOf(of)
    try {
      for await (const piece of through(streams, of, signal)) {
        clip.take(piece)
        if (clip.count().over) break
      }
    } catch (error) {
      throw engine.meaning('Counting output', error)
    }
    // Only SIGKILL is ever sent from here.
    const mark = of.exitCode === 137 ? await stopMark(launchId, signal) : undefined
    const report = streams.report() ?? new Uint8Array(0)
    const refusedWrites = refusedWritesFrom(report)
    const judged = judgeFirst(report, '')
    const said = judged && { ...judged, ...(refusedWrites !== undefined && { refusedWrites }) }
    const found = { state: stateOf(of, mark, clip.count(), said), count: clip.count() }
    ends.set(of.id, found)
    tails.get(of.id)?.close()
    tails.delete(of.id)
    return found
  }

  async function stopMark(launchId: string, signal?: AbortSignal): Promise<StopReason | undefined> {
    const name = markName(scope, launchId, 'stop')
    return stopReasonOf(
      await engine.call('Asking why a launch was stopped', (port) => port.markLabels(name, signal), signal),
    )
  }

  async function state(of: ContainerFacts | undefined, launchId: string, signal?: AbortSignal): Promise<LaunchState> {
    if (of === undefined || phaseOf(of) !== 'ended') return stateOf(of, undefined, NOTHING)
    return (await ended(of, launchId, signal)).state
  }

  return {
    facts,
    state,
    pieces,
    rawPieces,
    async *all(signal) {
      const label = `${LABEL.scope}=${scope}`
      const found = await engine.call('Listing launches', (port) => port.list(label, signal), signal)
      for (const { id, status, labels } of found) {
        const launchId = labels[LABEL.launch] ?? ''
        if (!isLaunchId(launchId)) continue
        const end = status === 'exited' ? ends.get(id) : undefined
        if (end !== undefined) {
          yield { launchId, state: end.state }
          continue
        }
        const each = await engine.call('Asking for a launch', (port) => port.inspect(id, signal), signal)
        const known = await state(each, launchId, signal)
        if (each !== undefined && known.state !== 'unknown') yield { launchId, state: known, facts: each }
      }
    },
    async size(of, stream, signal) {
      return (await ended(of, of.labels[LABEL.launch] ?? '', signal)).count[stream]
    },
    async stop(launchId, reason, signal) {
      const of = await facts(launchId, signal)
      if (of === undefined || phaseOf(of) !== 'running') return
      const name = markName(scope, launchId, 'stop')
      const labels = { [LABEL.scope]: scope, [LABEL.launch]: launchId, [LABEL.stop]: reason }
      await engine.call('Noting why a launch is stopped', (port) => port.mark(name, labels, signal), signal)
      await engine.call('Stopping a launch', (port) => port.kill(of.id, signal), signal)
    },
    async wasReaped(launchId) {
      const name = markName(scope, launchId, 'reaped')
      return (await engine.call('Asking whether a launch was reaped', (port) => port.markLabels(name))) !== undefined
    },
    meaning: (doing, error) => engine.meaning(doing, error),
    tail: ({ id }) => tails.get(id),
    keepTail: (id, tail) => void tails.set(id, tail),
    forget(id) {
      ends.delete(id)
      tails.get(id)?.close()
      tails.delete(id)
    },
    close() {
      for (const tail of tails.values()) tail.close()
      tails.clear()
    },
  }
}

export function conflict(launchId: string): SeamError {
  return new SeamError('CONFLICT', `The launch ${launchId} was reaped and never starts again.`, {
    remedy: 'Use a new launch id.',
  })
}
