import { stat, statfs } from 'node:fs/promises'
import { diskUse } from './disk-use.ts'

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
 * `removed` gives bytes in files that have no name any more.
 */
export async function openDiskWatch(
  paths: readonly string[],
  maxBytes: number,
  removed: () => Promise<number>,
): Promise<DiskWatch> {
  const disks = new Map<number, string>()
  // A folder that is not there is said by whatever starts the attempt.
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined) disks.set(found.dev, path)
  }
  const full = async () => {
    let bytes = 0
    for (const path of disks.values()) {
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
      const seen = found.bytes + (await removed())
      const bytes = found.whole ? seen : Math.max(seen, nowFull - fullAtStart)
      const at = performance.now()
      last = { bytes, full: nowFull, at, tookMs: at - now }
      return bytes > maxBytes
    },
  }
}
