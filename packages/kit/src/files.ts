/**
 * Files that survive loss of power: what is created is synced, and so is the folder that names it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, stat, unlink } from 'node:fs/promises'
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
export async function createFile(path: string, bytes: Uint8Array, mode = 0o600): Promise<boolean> {
  const folder = dirname(path)
  const temp = join(folder, `.${randomBytes(12).toString('hex')}.tmp`)
  const handle = await open(temp, 'wx', mode)
  try {
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    const created = await link(temp, path).then(
      () => true,
      (error: unknown) => {
        if (systemCode(error) === 'EEXIST') return false
        throw error
      },
    )
    // Also where another process was first: its name must be durable before anyone relies on it.
    await syncFolder(folder)
    return created
  } finally {
    await unlink(temp)
  }
}
