/**
 * Files that survive loss of power: what is created is synced, and so is the folder that names it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { systemCode } from './errors.ts'

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a folder and its missing parents with mode 0700, durably. An existing folder is left as it is. Errors: those of the system. */
export async function makeFolder(path: string): Promise<void> {
  const wanted = resolve(path)
  const parent = dirname(wanted)
  try {
    await makeOne(wanted)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    // Not `recursive`: Node tries for ever where a folder that is there takes no other, as /proc does.
    if (!(await isFolder(parent))) await makeFolder(parent)
    await makeOne(wanted)
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await isFolder(path))) return
    throw error
  }
  await syncFolder(dirname(path))
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * Creates a file whole or not at all, durably, in a folder that is there; `false` if there is a
 * file of that name already, which is then left as it is. Of several processes that try, one wins.
 */
export function createFile(path: string, bytes: Uint8Array, mode = 0o600): Promise<boolean> {
  return withTemporary(path, bytes, mode, async (temp) => {
    const created = await link(temp, path).then(
      () => true,
      (error: unknown) => {
        if (systemCode(error) === 'EEXIST') return false
        throw error
      },
    )
    // Also where another process was first: its name must be durable before anyone relies on it.
    await syncFolder(dirname(path))
    return created
  })
}

/**
 * Puts a file of mode 0600 there or in place of the one that is there, whole and durably, in a folder that is there. A reader sees the
 * old or the new one, also after loss of power. `look` is called right before it takes its place; where that rejects, nothing changes.
 * Errors: those of the system and of `look`.
 */
export function replaceFile(path: string, bytes: Uint8Array, look?: () => Promise<void>): Promise<void> {
  return withTemporary(path, bytes, 0o600, async (temp) => {
    await look?.()
    await rename(temp, path)
    await syncFolder(dirname(path))
  })
}

/** Calls with a file beside this one that has the bytes, durably. It is gone afterwards, unless it took another name. */
async function withTemporary<T>(
  path: string,
  bytes: Uint8Array,
  mode: number,
  use: (temp: string) => Promise<T>,
): Promise<T> {
  const temp = join(dirname(path), `.${randomBytes(12).toString('hex')}.tmp`)
  const handle = await open(temp, 'wx', mode)
  try {
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return await use(temp)
  } finally {
    await rm(temp, { force: true })
  }
}
