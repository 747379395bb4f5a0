import { systemCode } from '@seamark/kit'
import type { Stats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'

/** What folders hold on their disk. */
export interface DiskUse {
  /** Bytes of the blocks of all files and folders, each file once however many names it has. */
  readonly bytes: number
  /** Whether everything could be looked into. */
  readonly whole: boolean
}

/**
 * Adds up folders and single files, without following links. Stops where the sum is beyond `enough`: more is not asked.
 * What goes while it is looked at counts nothing.
 */
export async function diskUse(paths: readonly string[], enough: number, signal?: AbortSignal): Promise<DiskUse> {
  const linked = new Set<string>()
  const folders: Buffer[] = []
  let bytes = 0
  let whole = true
  const orClosed = (error: unknown) => {
    const code = systemCode(error) ?? ''
    if (CLOSED.includes(code)) whole = false
    else if (!GONE.includes(code)) throw error
    return undefined
  }
  const add = async (path: Buffer) => {
    const found = await lstat(path).catch(orClosed)
    if (found === undefined || !isNew(found, linked)) return
    bytes += found.blocks * 512
    if (found.isDirectory()) folders.push(path)
  }
  for (const path of paths) await add(Buffer.from(path))
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    // Names are bytes: one that is no UTF-8 may hide nothing.
    const entries = await opendir(folder, { encoding: 'latin1' }).catch(orClosed)
    if (entries === undefined) continue
    for await (const { name } of entries) {
      await add(Buffer.concat([folder, Buffer.from('/'), Buffer.from(name, 'latin1')]))
      if (bytes > enough || signal?.aborted === true) return { bytes, whole }
    }
  }
  return { bytes, whole }
}

/** What can not be looked into: closed, or deeper than a path may be long. */
const CLOSED = ['EACCES', 'EPERM', 'ENAMETOOLONG', 'ELOOP']
const GONE = ['ENOENT', 'ENOTDIR']

function isNew({ nlink, dev, ino }: Stats, linked: Set<string>): boolean {
  const name = `${dev}:${ino}`
  if (linked.has(name)) return false
  if (nlink > 1) linked.add(name)
  return true
}
