import { systemCode } from '@seamark/kit'
import { readdir, readFile, stat, statfs } from 'node:fs/promises'

/** One process, as proc(5) tells. */
export interface ProcessUse {
  readonly pid: number
  readonly parent: number
  readonly threads: number
  /** Its first thread has ended, and the numbers are those of what is left of it. */
  readonly zombie: boolean
  /** Where the kernel tells of its memory: of another thread, where the first one has ended. */
  readonly folder: string
}

/** Looks at every process of this machine. */
export async function allProcesses(): Promise<ProcessUse[]> {
  const found: ProcessUse[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const text = await readOrNone(`/proc/${name}/stat`)
    const one = text === undefined ? undefined : processFrom(text)
    if (one !== undefined) found.push(one.zombie && one.threads > 0 ? await byThread(one) : one)
  }
  return found
}

/** For how long what was seen is new enough for another one. */
const sharedMs = 25

/** Looks at every process of this machine once for all who ask at about the same time. */
export function sharedLooks(): () => Promise<readonly ProcessUse[]> {
  let last: { readonly at: number; readonly seen: Promise<ProcessUse[]> } | undefined
  return () => {
    if (last === undefined || performance.now() - last.at > sharedMs)
      last = { at: performance.now(), seen: allProcesses() }
    return last.seen
  }
}

/**
 * Parses `/proc/PID/stat` (proc(5)): fields 1, 3, 4 and 20. Pure. A zombie uses nothing but what its other threads do; it is
 * told nevertheless, as those that it started are still below it.
 */
export function processFrom(text: string): ProcessUse | undefined {
  // The second field is the program's name in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const zombie = fields[0] === 'Z' || fields[0] === 'X'
  const [pid, parent, threads] = [Number.parseInt(text), fields[1], fields[17]].map(Number)
  if (pid === undefined || parent === undefined || threads === undefined) return undefined
  return { pid, parent, threads: zombie ? Math.max(0, threads - 1) : threads, zombie, folder: `/proc/${pid}` }
}

/** What the first thread no longer tells, once it has ended, another one does. */
async function byThread(one: ProcessUse): Promise<ProcessUse> {
  for (const thread of (await readdir(`/proc/${one.pid}/task`).catch(gone)) ?? []) {
    const folder = `/proc/${one.pid}/task/${thread}`
    const text = await readOrNone(`${folder}/stat`)
    const found = text === undefined ? undefined : processFrom(text)
    if (found?.zombie === false) return { ...one, folder }
  }
  return one
}

/** A process and all that it started, as far as their parents live: in a process namespace, all. Pure. */
export function treeOf(first: number, all: readonly ProcessUse[]): ProcessUse[] {
  const children = new Map<number, ProcessUse[]>()
  for (const one of all) {
    const siblings = children.get(one.parent)
    if (siblings === undefined) children.set(one.parent, [one])
    else siblings.push(one)
  }
  const tree = all.filter(({ pid }) => pid === first)
  for (let at = 0; at < tree.length; at++) tree.push(...(children.get(tree[at]?.pid ?? 0) ?? []))
  return tree
}

/** Bytes of memory and swap that a tree uses at most: what processes share is counted for each of them. */
export async function memoryAtMost(tree: readonly ProcessUse[]): Promise<number> {
  let bytes = 0
  for (const one of tree) bytes += await ownMemory(one)
  return bytes
}

/** The same with shared pages counted once over those who share them, which takes longer. What can not be read counts whole. */
export async function memoryOf(tree: readonly ProcessUse[]): Promise<number> {
  let bytes = 0
  for (const one of tree) {
    const text = await readOrNone(`${one.folder}/smaps_rollup`)
    bytes += text === undefined ? await ownMemory(one) : kibibytes(text, 'Pss') + kibibytes(text, 'SwapPss')
  }
  return bytes
}

/** Of `status` rather than `stat`, which counts pages, of a size that is not the same everywhere, and no swap. */
async function ownMemory({ folder }: ProcessUse): Promise<number> {
  const text = await readOrNone(`${folder}/status`)
  return text === undefined ? 0 : kibibytes(text, 'VmRSS') + kibibytes(text, 'VmSwap')
}

/**
 * Bytes in file systems of memory that a process sees below a root of its own. Folders that it has not count nothing, and until
 * it has that root, the host's are none of its.
 */
export async function memoryFilesOf(pid: number, folders: readonly string[]): Promise<number> {
  const [root, own] = await Promise.all([stat(`/proc/${pid}/root/`).catch(gone), stat('/')])
  if (root === undefined || (root.dev === own.dev && root.ino === own.ino)) return 0
  let bytes = 0
  for (const folder of folders) {
    const used = await statfs(`/proc/${pid}/root${folder}`).catch(gone)
    if (used !== undefined) bytes += (used.blocks - used.bfree) * used.bsize
  }
  return bytes
}

function kibibytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024
}

export function readOrNone(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(gone)
}

/** A process comes and goes while it is looked at, and one that became another user's is not ours to look into. */
export function gone(error: unknown): undefined {
  const code = systemCode(error) ?? ''
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL'].includes(code)) return undefined
  throw error
}
