import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Files of one folder with their sizes, the one that was used longest ago first. */
export interface PackageIndex {
  readonly has: (name: string) => boolean
  /** Takes note of a file that is there, in place of one of the same name. */
  readonly add: (name: string, bytes: number) => void
  readonly used: (name: string) => void
  readonly remove: (name: string) => Promise<void>
  /** Counts bytes that are being written to no name yet; the same with a minus sign when they are not any more. */
  readonly writing: (bytes: number) => void
  /** Removes what was used longest ago until all fits. False where it does not even then. */
  readonly makeRoom: () => Promise<boolean>
}

const named = /^[0-9a-f]{64}$/
const unfinished = /^\.[0-9a-f]{24}$/
// An entry takes some 150 bytes of memory.
const mostFiles = 100_000

/** Reads what a folder holds, and removes what was not finished. Errors: those of the system. */
export async function packageIndex(dir: string, maxBytes: number): Promise<PackageIndex> {
  const sizes = new Map<string, number>()
  let total = 0
  let open = 0

  function forget(name: string): void {
    total -= sizes.get(name) ?? 0
    sizes.delete(name)
  }

  function add(name: string, bytes: number): void {
    forget(name)
    sizes.set(name, bytes)
    total += bytes
  }

  async function remove(name: string): Promise<void> {
    forget(name)
    await rm(join(dir, name), { force: true })
  }

  async function makeRoom(): Promise<boolean> {
    while (total + open > maxBytes || sizes.size >= mostFiles) {
      const [oldest] = sizes.keys()
      if (oldest === undefined) return false
      await remove(oldest)
    }
    return true
  }

  const found: { readonly name: string; readonly size: number; readonly mtimeMs: number }[] = []
  for (const name of await readdir(dir)) {
    if (unfinished.test(name)) await rm(join(dir, name), { force: true })
    else if (named.test(name)) {
      const stat = await lstat(join(dir, name))
      if (stat.isFile()) found.push({ name, size: stat.size, mtimeMs: stat.mtimeMs })
    }
  }
  for (const { name, size } of found.sort((a, b) => a.mtimeMs - b.mtimeMs)) add(name, size)
  // The limit may have been lowered since.
  await makeRoom()

  return {
    has: (name) => sizes.has(name),
    add,
    used(name) {
      const size = sizes.get(name)
      if (size !== undefined) add(name, size)
    },
    remove,
    writing: (bytes) => void (open += bytes),
    makeRoom,
  }
}
