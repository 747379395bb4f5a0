import { sleep } from '@seamark/kit'
import { killNow, markedProcesses } from './procfs.ts'

/** Finds and kills marked processes. Requests of the same moment share one pass over `/proc`. */
export interface Sweep {
  /** Kills what still carries this launch's mark until nothing does; gives how many processes that were. */
  clear(launchId: string): Promise<number>
}

/** Passes after which a fork storm that outruns the sweep is given up. */
const maxPasses = 200

export function openSweep(folderId: string): Sweep {
  let next: Promise<Map<string, number[]>> | undefined
  const pass = () =>
    (next ??= sleep(0).then(() => {
      next = undefined
      return markedProcesses(folderId)
    }))
  return {
    async clear(launchId) {
      const killed = new Set<number>()
      for (let passes = 0; passes < maxPasses; passes++) {
        const pids = (await pass()).get(launchId)
        if (pids === undefined) break
        for (const pid of pids) {
          killNow(pid)
          killed.add(pid)
        }
        await sleep(passes < 20 ? 1 : 20)
      }
      return killed.size
    },
  }
}
