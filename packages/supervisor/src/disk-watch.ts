import { statfs } from 'node:fs/promises'
import { diskUse, type DiskUse } from './disk-use.ts'
import { disksOf, type Disks } from './removed-files.ts'

/** Looks at what an attempt's writable folders hold. */
export interface DiskWatch {
  /** Whether they hold more than the limit, by the last look that was due. */
  isOver(): Promise<boolean>
}

/** What is looked at all the time costs little; to add files up takes as long as there are files. */
const restMs = 5_000
/** A tree is added up for at most one part in so many of the time, and of the time in which its disk fills up. */
const restShare = 20
const hastyShare = 2

/**
 * Watches folders for a limit. How full their disks are is asked each time; the files are added up where that has grown by
 * what was left, and otherwise now and then. What can not be looked into counts as all that its disk has grown by.
 * `removed` gives bytes in files that have no name any more, and whether it saw them all.
 */
export async function openDiskWatch(
  paths: readonly string[],
  maxBytes: number,
  removed: (disks: Disks) => Promise<DiskUse>,
): Promise<DiskWatch> {
  // A folder that is not there is said by whatever starts the attempt.
  const disks = await disksOf(paths)
  const full = async () => {
    let bytes = 0
    for (const path of disks.paths) {
      const { blocks, bfree, bsize } = await statfs(path)
      bytes += (blocks - bfree) * bsize
    }
    return bytes
  }

  const fullAtStart = await full()
  let last: { readonly bytes: number; readonly full: number; readonly at: number; readonly tookMs: number } | undefined
  return {
    async isOver() {
      const now = performance.now()
      const nowFull = await full()
      if (last !== undefined) {
        const since = now - last.at
        const isFilling = nowFull - last.full >= maxBytes - last.bytes
        const due = isFilling ? hastyShare * last.tookMs : Math.max(restMs, restShare * last.tookMs)
        if (since < due) return last.bytes > maxBytes
      }
      let found = await diskUse(paths, maxBytes)
      // A folder may have been moved by chance; to count what others do on that disk takes more than that.
      if (!found.whole && found.bytes <= maxBytes) found = await diskUse(paths, maxBytes)
      const nameless = await removed(disks)
      const seen = found.bytes + nameless.bytes
      const bytes = found.whole && nameless.whole ? seen : Math.max(seen, nowFull - fullAtStart)
      const at = performance.now()
      last = { bytes, full: nowFull, at, tookMs: at - now }
      return bytes > maxBytes
    },
  }
}
