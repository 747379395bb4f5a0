import type { ExitReason, LaunchLimits } from '@seamark/core'
import { SeamError, sleep, toSeamError } from '@seamark/kit'
import type { Cgroups, LaunchGroup } from './cgroups.ts'
import { openDiskWatch, type DiskWatch } from './disk-watch.ts'
import type { SandboxRequest } from './launch-request.ts'
import { limitProcesses } from './limit-processes.ts'
import { memoryAtMost, memoryFilesOf, memoryOf, treeOf, type ProcessUse } from './process-tree.ts'
import { removedFilesOf } from './removed-files.ts'

export type Breach = Extract<ExitReason, 'memory' | 'pids' | 'disk' | 'idle'>

/** What holds one attempt to its limits. */
export interface Bounds {
  /** The control groups that it is started in. */
  readonly group: LaunchGroup | undefined
  /** There where something can be held only once the sandbox's first process is there, and before its program runs. */
  readonly hold: ((first: number) => Promise<void>) | undefined
  /** Begins to look; `pid` is the process that was started. Tells once at most; `killed` where it can not look. */
  watch(pid: number, first: () => number | undefined, tell: (why: Breach | 'killed') => void): void
  sawOutput(): void
  /** Which limit it had hit, asked when its tree is dead; none where that can not be seen, which is said. Never rejects. */
  atEnd(): Promise<Breach | undefined>
  /** Stops looking, and removes what there is. Also where nothing was started. What can not be removed is said. Never rejects. */
  close(): Promise<void>
}

/** What the bounds of all launches of a supervisor share. */
export interface BoundsHost {
  /** Found when they are first needed. Errors: those of the system. */
  readonly cgroups: () => Cgroups
  /** Every process of this machine, as of now or a moment ago. */
  readonly processes: () => Promise<readonly ProcessUse[]>
}

/** How often counters and the tree are looked at. */
const lookMs = 50
/** How often in a row it may fail to look, such as for want of descriptors. */
const mostFailures = 40
/** Bubblewrap's own processes in the tree that was started. */
const ownProcesses = 2
/** What starts more than the limit is to be seen doing so before the kernel stops it; and it is to be stopped. */
const outrun = 1_000
/** Where a sandbox has file systems of memory, which no process's memory counts. */
const inMemory = ['/tmp', '/run', '/dev/shm']

/**
 * Takes what holds an attempt to its limits: control groups where they can be made, and otherwise looks at it.
 *
 * Errors: `INVALID_INPUT` for a limit that was promised, or one on processors, where control groups can not hold it; those
 * of the system.
 */
export async function openBounds(
  launchId: string,
  limits: LaunchLimits,
  { writable, promised, first }: Pick<SandboxRequest, 'writable' | 'promised' | 'first'>,
  { cgroups, processes }: BoundsHost,
): Promise<Bounds> {
  // Without a first process of ours nobody joins them.
  const grouped =
    first !== undefined && [limits.cpu, limits.memoryBytes, limits.pids].some((limit) => limit !== undefined)
  const controllers = grouped ? cgroups().controllers : []
  const asked = [limits.cpu && 'cpu', limits.memoryBytes && 'memory', limits.pids && 'pids']
  const broken = [...promised, 'cpu'].find((name) => asked.includes(name) && !controllers.some((one) => one === name))
  if (broken !== undefined)
    throw new SeamError('INVALID_INPUT', `The supervisor has no control group to limit ${broken} with.`, {
      remedy: 'Give the service control groups: as root, or in a unit with Delegate=yes; then end the old supervisor.',
    })
  const group = controllers.length > 0 ? cgroups().make(launchId, limits) : undefined
  const watched = {
    memoryBytes: controllers.includes('memory') ? undefined : limits.memoryBytes,
    pids: controllers.includes('pids') ? undefined : limits.pids,
  }

  const { pids } = watched
  let lastOutput = performance.now()
  let started: { readonly pid: number; readonly first: () => number | undefined } | undefined
  let disk: DiskWatch | undefined
  let closed = false
  let told = false
  try {
    if (limits.diskBytes !== undefined)
      disk = await openDiskWatch(writable, limits.diskBytes, async (disks) => {
        if (started === undefined) return { bytes: 0, whole: true }
        return removedFilesOf(treeOf(started.pid, await processes()), disks, [started.pid, started.first() ?? 0])
      })
  } catch (error) {
    await group?.remove()
    throw error
  }

  const look = async (pid: number, first: number | undefined): Promise<Breach | undefined> => {
    const hit = group?.breach()
    if (hit !== undefined) return hit
    if (limits.idleMs !== undefined && performance.now() - lastOutput >= limits.idleMs) return 'idle'
    if (watched.pids !== undefined || watched.memoryBytes !== undefined) {
      const tree = treeOf(pid, await processes())
      const threads = tree.reduce((sum, one) => sum + one.threads, 0) - ownProcesses
      // At the limit, as the kernel may refuse the next one.
      if (pids !== undefined && threads >= pids) return 'pids'
      const limit = watched.memoryBytes
      if (limit !== undefined) {
        const files = first === undefined ? 0 : await memoryFilesOf(first, inMemory)
        // What is shared was added up more than once; to find out takes longer.
        const over = (bytes: number) => files + bytes > limit
        if (over(await memoryAtMost(tree)) && over(await memoryOf(tree))) return 'memory'
      }
    }
    return undefined
  }
  const lookAtDisk = async (): Promise<Breach | undefined> => ((await disk?.isOver()) === true ? 'disk' : undefined)

  return {
    group,
    hold: pids === undefined ? undefined : (first) => limitProcesses(first, 4 * pids + outrun),
    watch(pid, first, tell) {
      started = { pid, first }
      lastOutput = performance.now()
      const tellOnce = (why: Breach | 'killed') => {
        if (closed || told) return
        told = true
        tell(why)
      }
      const isOver = () => closed || told
      void keepLooking(launchId, () => look(pid, first()), isOver, tellOnce)
      // Apart: to add files up takes as long as there are files, and nothing else waits for that.
      if (disk !== undefined) void keepLooking(launchId, lookAtDisk, isOver, tellOnce)
    },
    sawOutput: () => (lastOutput = performance.now()),
    async atEnd() {
      closed = true
      started = undefined
      try {
        return group?.breach() ?? (await lookAtDisk())
      } catch (error) {
        say(launchId, 'can not be looked at any more', error)
        return undefined
      }
    },
    async close() {
      closed = true
      try {
        await group?.remove()
      } catch (error) {
        say(launchId, 'leaves its control group behind', error)
      }
    },
  }
}

/** Looks until something was hit, it is over, or it could not look too often in a row. */
async function keepLooking(
  launchId: string,
  look: () => Promise<Breach | undefined>,
  isOver: () => boolean,
  tell: (why: Breach | 'killed') => void,
): Promise<void> {
  for (let failures = 0; !isOver();) {
    // First of all it starts; what it hits in that time is found by the next look, or at its end.
    await sleep(lookMs)
    if (isOver()) return
    try {
      const hit = await look()
      failures = 0
      if (hit !== undefined) return tell(hit)
    } catch (error) {
      // What can not be looked at is not held, so it does not go on for long.
      if (++failures < mostFailures || isOver()) continue
      say(launchId, 'can not be watched', error)
      return tell('killed')
    }
  }
}

function say(launchId: string, what: string, error: unknown): void {
  process.stderr.write(`${launchId} ${what}: ${toSeamError(error).message}\n`)
}
