import { orAbort, SeamError, sleep } from '@seamark/kit'
import { openDiskWatch, refusedProcesses, removedBytes } from '@seamark/supervisor'
import { hasCompanions, type Companions } from './companions.ts'
import type { Launches } from './launches.ts'
import type { ContainerFacts } from './port.ts'
import { limitOf } from './state.ts'

/** Watches one limit of one launch; resolves when it was held, or nothing runs any more. May be begun again. */
export type Duty = (signal: AbortSignal) => Promise<void>

/** The longest time that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1
/** Between two looks at what no event tells. */
const LOOK_MS = 100
/** Before output is read again after its end, where nothing said that the launch has ended. */
const AGAIN_MS = 500
/** Between two questions whether a launch still runs. */
const ASK_MS = 2000

/** A duty for each limit of a launch that the engine does not hold, or does not tell the breach of. */
export function dutiesOf(
  launches: Launches,
  companions: Companions,
  launchId: string,
  started: ContainerFacts,
): Duty[] {
  const duties: Duty[] = []
  if (hasCompanions(started))
    duties.push(async (signal) => {
      try {
        await companions.start(launchId, signal)
      } catch (error) {
        // There is no network of a launch that has ended meanwhile.
        if (await runs(launches, launchId, signal)) throw error
      }
    })
  const timeoutMs = limitOf(started, 'timeoutMs')
  if (timeoutMs !== undefined)
    duties.push(async (signal) => {
      await sleepUntil(started.startedAt + timeoutMs, signal)
      await launches.stop(launchId, 'timeout', signal)
    })

  const maxOutputBytes = limitOf(started, 'maxOutputBytes')
  if (maxOutputBytes !== undefined)
    duties.push((signal) =>
      follow(launches, launchId, started, signal, async (bytes) => {
        if (bytes <= maxOutputBytes) return false
        await launches.stop(launchId, 'output', signal)
        return true
      }),
    )

  const idleMs = limitOf(started, 'idleMs')
  if (idleMs !== undefined) duties.push(idleDuty(launches, launchId, started, idleMs))

  if (limitOf(started, 'pids') !== undefined)
    duties.push((signal) =>
      look(launches, launchId, signal, async () => {
        const refused = await refusedProcesses(started.pid)
        if (refused !== undefined) return refused > 0 ? 'pids' : undefined
        if (!(await runs(launches, launchId, signal))) return undefined
        throw new SeamError('UNSUPPORTED', 'The control group of a container can not be read.', {
          remedy: 'Let the service see /proc and /sys/fs/cgroup.',
        })
      }),
    )

  const diskBytes = limitOf(started, 'diskBytes')
  if (diskBytes !== undefined)
    duties.push(async (signal) => {
      const watch = await openDiskWatch(started.writable, diskBytes, (disks) => removedBytes(started.pid, disks))
      await look(launches, launchId, signal, async () => ((await watch.isOver()) ? 'disk' : undefined))
    })
  return duties
}

function idleDuty(launches: Launches, launchId: string, started: ContainerFacts, idleMs: number): Duty {
  // Kept when the duty begins again: what is read a second time is no new output.
  let [seen, last] = [0, started.startedAt]
  return async (signal) => {
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const following = follow(launches, launchId, started, either, async (bytes) => {
      if (bytes > seen) [seen, last] = [bytes, Date.now()]
      return false
    }).then(() => 'ended' as const)
    try {
      for (;;) {
        const until = last + idleMs
        const first = await Promise.race([following, sleepUntil(until, either).then(() => 'due' as const)])
        if (first === 'ended') return
        if (last + idleMs <= Date.now()) return await launches.stop(launchId, 'idle', signal)
      }
    } finally {
      over.abort()
      // It ends by that; its own failure was heard in the race.
      following.catch(() => undefined)
    }
  }
}

/** Looks again and again, until a limit is broken or nothing runs any more. */
async function look(
  launches: Launches,
  launchId: string,
  signal: AbortSignal,
  breach: () => Promise<'pids' | 'disk' | undefined>,
): Promise<void> {
  for (let asked = Date.now(); ; await sleep(LOOK_MS, signal)) {
    const broken = await breach()
    if (broken !== undefined) return launches.stop(launchId, broken, signal)
    if (Date.now() - asked < ASK_MS) continue
    asked = Date.now()
    if (!(await runs(launches, launchId, signal))) return
  }
}

async function runs(launches: Launches, launchId: string, signal: AbortSignal): Promise<boolean> {
  return (await launches.facts(launchId, signal))?.status === 'running'
}

async function sleepUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let left = time - Date.now(); left > 0; left = time - Date.now()) await sleep(Math.min(left, LONGEST_MS), signal)
}

/** Tells how much output there is whenever there may be more, until `saw` has enough or nothing runs any more. */
async function follow(
  launches: Launches,
  launchId: string,
  started: ContainerFacts,
  signal: AbortSignal,
  saw: (bytes: number) => Promise<boolean>,
): Promise<void> {
  const tail = launches.tail(started)
  while (tail !== undefined && !tail.ended) {
    if (await saw(tail.total)) return
    await orAbort(tail.changed(), signal)
  }
  for (; ; await sleep(AGAIN_MS, signal)) {
    const facts = await launches.facts(launchId, signal)
    if (facts === undefined || facts.status !== 'running') return
    let bytes = 0
    for await (const piece of launches.rawPieces(facts, signal)) {
      bytes += piece.bytes.byteLength
      if (await saw(bytes)) return
    }
  }
}
