import { systemCode } from '@seamark/kit'
import { chmod, lstat, mkdir, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'

// Well below PATH_MAX (4,096): a deeper folder is moved up before it is emptied.
const longest = 2048

/**
 * Removes a tree that an agent made: folders nobody may read, names that are not UTF-8, and nesting
 * deeper than a path can be long. Links are removed, never followed. Idempotent, also where somebody else removes it meanwhile.
 */
export async function removeTree(path: string): Promise<void> {
  const attic = `${dirname(path)}/.rm-${randomUUID()}`
  const moved: Buffer[] = []
  const root = Buffer.from(path)
  try {
    if (!(await lstat(root)).isDirectory()) return await gone(() => unlink(root))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  const away = async (dir: Buffer) => {
    await mkdir(attic, { recursive: true, mode: 0o700 })
    const to = Buffer.from(`${attic}/${moved.length}`)
    await gone(() => rename(dir, to))
    moved.push(to)
  }
  await empty(root, away)
  await gone(() => rmdir(root))
  for (let i = 0; i < moved.length; i++) {
    const dir = moved[i]
    if (dir === undefined) continue
    await empty(dir, away)
    await gone(() => rmdir(dir))
  }
  if (moved.length > 0) await rmdir(attic)
}

async function empty(dir: Buffer, away: (dir: Buffer) => Promise<void>): Promise<void> {
  for (const entry of await entries(dir)) {
    const child = Buffer.concat([dir, Buffer.from('/'), entry.name])
    if (!entry.isDirectory()) {
      await gone(() => unlink(child))
      continue
    }
    if (child.length > longest) {
      await gone(() => chmod(child, 0o700))
      await away(child)
      continue
    }
    await empty(child, away)
    await gone(() => rmdir(child))
  }
}

async function entries(dir: Buffer) {
  try {
    await chmod(dir, 0o700)
  } catch (error) {
    // Another user's folder: whether it can be read decides.
    if (systemCode(error) !== 'EPERM' && systemCode(error) !== 'ENOENT') throw error
  }
  try {
    return await readdir(dir, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

async function gone(remove: () => Promise<void>): Promise<void> {
  try {
    await remove()
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}
