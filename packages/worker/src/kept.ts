import type { CallOptions } from '@seamark/core'
import { systemCode, throwIfAborted } from '@seamark/kit'
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { namespaceLayout } from './layout.ts'
import { list } from './release.ts'

/** Workspaces that were not captured and wait for somebody to look at them. */
export interface KeptWorkspaces {
  /** The folders `kept` that hold any, one for each namespace. */
  readonly folders: readonly string[]
  readonly count: number
  /** Space that they take on the disk; at least that much where `counted` is false. */
  readonly bytes: number
  /** Whether every file was counted. */
  readonly counted: boolean
}

/** Enough for a look that takes well under a second. */
const maxEntries = 10_000

/** What is kept below a worker's folder. Of a large one only the first 10,000 entries are measured; nothing is changed. */
export async function keptWorkspaces(root: string, options?: CallOptions): Promise<KeptWorkspaces> {
  const folders: string[] = []
  const open: string[] = []
  for (const name of await list(join(root, 'namespaces'))) {
    const { kept } = namespaceLayout(root, name)
    const found = await list(kept)
    if (found.length > 0) folders.push(kept)
    open.push(...found.map((launchId) => join(kept, launchId)))
  }
  const count = open.length
  let bytes = 0
  let counted = true
  let entries = 0
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    throwIfAborted(options?.signal)
    if (++entries > maxEntries) return { folders, count, bytes, counted: false }
    try {
      const stat = await lstat(path)
      bytes += stat.blocks * 512
      if (stat.isDirectory())
        for await (const { name } of await opendir(path)) {
          if (open.length + entries > maxEntries) {
            counted = false
            break
          }
          open.push(join(path, name))
        }
    } catch (error) {
      // Closed by its attempt, or somebody is just removing it.
      if (!['EACCES', 'ENOENT', 'ENAMETOOLONG'].includes(systemCode(error) ?? '')) throw error
      counted = false
    }
  }
  return { folders, count, bytes, counted }
}
