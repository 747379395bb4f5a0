import { sleep } from '@seamark/kit'
import { readStatus } from './bubblewrap-status.ts'
import { statusPath, type Layout } from './paths.ts'
import { isAlive, isFirstOfNamespace, killNow, markedProcesses, processAt } from './procfs.ts'
import type { Launch, Store } from './store.ts'
import type { Sweep } from './sweep.ts'

/**
 * Ends what an earlier supervisor of this data folder left: its launches without an end are lost,
 * their processes are killed. Processes of launches that had ended are killed as well; the result
 * is how many those were.
 */
export async function recover(
  layout: Layout,
  store: Store,
  sweep: Sweep,
  boot: string,
): Promise<ReadonlyMap<string, number>> {
  const marked = markedProcesses(layout.id)
  const lost = [...store.launches.values()].filter(({ exit, lost }) => exit === undefined && lost === undefined)
  for (const launch of lost) {
    const found = new Set(marked.get(launch.launchId))
    const first = firstAlive(launch, boot)
    // A process that dropped its marks is still known by its id and the time of its start.
    if (first !== undefined) {
      found.add(first)
      killNow(-first)
    }
    for (const pid of found) killNow(pid)
    await sweep.clear(launch.launchId)
    await endNamespace(layout, launch, boot)
    await store.lost(launch.launchId, found.size).durable
  }
  const late = new Map<string, number>()
  for (const [launchId, pids] of marked) {
    if (lost.some((launch) => launch.launchId === launchId)) continue
    await sweep.clear(launchId)
    late.set(launchId, pids.length)
  }
  return late
}

function firstAlive({ process }: Launch, boot: string): number | undefined {
  return process?.boot === boot && isAlive(process.pid, process.start) ? process.pid : undefined
}

/** Clock ticks within which bubblewrap has its sandbox's first process started; a later one is another's. */
const startTicks = 1000

/** Waits until a sandbox's process namespace is gone; it was told to die with bubblewrap. */
async function endNamespace(layout: Layout, { launchId, process }: Launch, boot: string): Promise<void> {
  const { childPid } = readStatus(statusPath(layout, launchId))
  if (childPid === undefined || process?.boot !== boot) return
  const child = processAt(childPid)
  if (child === undefined || !isFirstOfNamespace(childPid)) return
  const ticks = Number(child.start) - Number(process.start)
  if (ticks < 0 || ticks > startTicks) return
  while (isAlive(childPid, child.start)) {
    killNow(childPid)
    await sleep(2)
  }
}
