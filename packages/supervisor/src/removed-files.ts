import { sleep, systemCode } from '@seamark/kit'
import { open, readdir, readFile, readlink, stat } from 'node:fs/promises'
import type { DiskUse } from './disk-use.ts'
import { gone, processFrom, readOrNone, type ProcessUse } from './process-tree.ts'

/** Disks by the numbers that stat(2) gives, and as `/proc/PID/maps` names them. */
export interface Disks {
  readonly numbers: ReadonlySet<number>
  readonly names: ReadonlySet<string>
}

/** The disks that paths are on; what is not there is left out. Errors: those of the system. */
export async function disksOf(paths: readonly string[]): Promise<Disks & { readonly paths: readonly string[] }> {
  const byNumber = new Map<number, string>()
  const names = new Set<string>()
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  for (const path of paths) {
    const handle = await open(path, PATH_ONLY).catch(gone)
    if (handle === undefined) continue
    try {
      const { dev } = await handle.stat()
      byNumber.set(dev, path)
      names.add(nameOf(Math.floor(dev / 256) % 4096, (dev % 256) + Math.floor(dev / 2 ** 20) * 256))
      // Some file systems, such as btrfs, have another number for each part of them, and are named by that of the whole.
      const mount = /^mnt_id:\s*(\d+)$/m.exec(await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8'))?.[1]
      const [, major, minor] = new RegExp(`^${mount} \\d+ (\\d+):(\\d+) `, 'm').exec(mounts) ?? []
      if (major !== undefined && minor !== undefined) names.add(nameOf(Number(major), Number(minor)))
    } finally {
      await handle.close()
    }
  }
  return { paths: [...byNumber.values()], numbers: new Set(byNumber.keys()), names }
}

/** O_PATH: whatever is there, it is not opened itself. */
const PATH_ONLY = 0o10000000

function nameOf(major: number, minor: number): string {
  return [major, minor].map((number) => number.toString(16).padStart(2, '0')).join(':')
}

/**
 * Bytes on disks in files that were removed and that a tree still has open, each file once. It is not whole where a program
 * keeps its files from being looked at, or has one of the disks' mapped only, whose size is told nowhere. `own` are processes
 * that run nothing of an item.
 */
export async function removedFilesOf(
  tree: readonly ProcessUse[],
  disks: Disks,
  own: readonly number[] = [],
): Promise<DiskUse> {
  const held = new Map<string, number>()
  const mapped = new Set<string>()
  const hidden = new Set<string>()
  for (const one of tree) {
    const { pid, folder } = one
    // Not by whom nothing of an item runs in.
    const closed = (at: string) => (error: unknown) => {
      const code = systemCode(error) ?? ''
      if ((code === 'EACCES' || code === 'EPERM') && !own.includes(pid)) hidden.add(at)
      return gone(error)
    }
    for (const at of await tasksOf(one)) {
      for (const fd of (await readdir(`${at}/fd`).catch(closed(at))) ?? []) {
        const path = `${at}/fd/${fd}`
        const to = await readlink(path).catch(closed(at))
        if (to?.startsWith('/') !== true || !to.endsWith(REMOVED) || to.startsWith(MEMORY)) continue
        const file = await stat(path).catch(closed(at))
        if (file?.isFile() === true && file.nlink === 0) held.set(`${file.dev}:${file.ino}`, file.blocks * 512)
      }
    }
    const maps = (await readFile(`${folder}/maps`, 'utf8').catch(closed(folder))) ?? ''
    for (const inode of mappedIn(maps, disks.names)) mapped.add(inode)
  }
  // One that is about to end is closed to all but root too, and for a moment it is no zombie yet.
  if (hidden.size > 0) await sleep(ENDING_MS)
  const hides = await Promise.all([...hidden].map(runs))
  const isHeld = (inode: string) => [...disks.numbers].some((number) => held.has(`${number}:${inode}`))
  return {
    bytes: [...held.values()].reduce((sum, bytes) => sum + bytes, 0),
    whole: !hides.includes(true) && [...mapped].every(isHeld),
  }
}

/** In which a process that has let go of its memory ends. */
const ENDING_MS = 100
const REMOVED = ' (deleted)'
const MEMORY = '/memfd:'

/** Inodes of removed files on some disks, from `/proc/PID/maps` (proc(5)). Pure. */
export function mappedIn(maps: string, names: ReadonlySet<string>): string[] {
  return maps.split('\n').flatMap((line) => {
    const [, , , name = '', inode = ''] = line.split(' ')
    return line.endsWith(REMOVED) && names.has(name) ? [inode] : []
  })
}

/** Each thread may have descriptors of its own. */
async function tasksOf({ pid, threads, folder }: ProcessUse): Promise<string[]> {
  if (threads <= 1) return [folder]
  const tasks = (await readdir(`/proc/${pid}/task`).catch(gone)) ?? []
  return tasks.map((task) => `/proc/${pid}/task/${task}`)
}

async function runs(folder: string): Promise<boolean> {
  const text = await readOrNone(`${folder}/stat`)
  return text !== undefined && processFrom(text)?.zombie === false
}
