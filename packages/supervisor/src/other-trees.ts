import { systemCode } from '@seamark/kit'
import { readFile } from 'node:fs/promises'
import { hierarchiesOf } from './cgroup-places.ts'
import { counterOf, countIn } from './cgroup-settings.ts'
import { allProcesses, removedFilesOf, treeOf } from './process-tree.ts'

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

/** Bytes in files without a name that a process, or one that it started, has open. What may not be looked at counts nothing. */
export async function removedBytes(first: number): Promise<number> {
  return removedFilesOf(treeOf(first, await allProcesses()))
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    // A process, and its control group, may go at any time.
    if (['ENOENT', 'ESRCH', 'ENODEV', 'EACCES'].includes(systemCode(error) ?? '')) return undefined
    throw error
  })
}
