import { systemCode } from '@seamark/kit'
import { readFile } from 'node:fs/promises'
import { hierarchiesOf } from './cgroup-places.ts'
import { counterOf, countIn } from './cgroup-settings.ts'
import type { DiskUse } from './disk-use.ts'
import { allProcesses, treeOf } from './process-tree.ts'
import { removedFilesOf, type Disks } from './removed-files.ts'

/**
 * How often the kernel refused a process to the control group that a process is in, because of a limit that somebody set on
 * it. `undefined` where the process is gone, or where its group can not be seen from here.
 */
export async function refusedProcesses(pid: number): Promise<number | undefined> {
  const cgroup = await contentOf(`/proc/${pid}/cgroup`)
  if (cgroup === undefined) return undefined
  const { file, name } = counterOf(2, 'pids')
  for (const { version, controllers, own } of hierarchiesOf((await contentOf('/proc/self/mountinfo')) ?? '', cgroup)) {
    if (version === 1 && !controllers.includes('pids')) continue
    const content = await contentOf(`${own}/${file}`)
    if (content !== undefined) return countIn(content, name)
  }
  return undefined
}

/**
 * Bytes in files without a name that a process, or one that it started, has open. Who is not root may not look at another
 * user's, and is told what could be seen as if it were all.
 */
export async function removedBytes(first: number, disks: Disks): Promise<DiskUse> {
  const found = await removedFilesOf(treeOf(first, await allProcesses()), disks)
  return process.getuid?.() === 0 ? found : { ...found, whole: true }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    // A process, and its control group, may go at any time.
    if (['ENOENT', 'ESRCH', 'ENODEV', 'EACCES'].includes(systemCode(error) ?? '')) return undefined
    throw error
  })
}
