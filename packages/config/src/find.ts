import { fromSystemError, systemCode } from '@seamark/kit'
import { lstat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

const names = ['seamark.config.ts', 'seamark.config.mts', 'seamark.config.js', 'seamark.config.mjs']

/** A link that leads nowhere is there, too: what is there is never passed over. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw fromSystemError(error, `Looking for ${path}`)
  }
}

/** The folder that holds `.git`, from here upwards. */
export async function repositoryRoot(cwd: string): Promise<string | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (await isThere(join(folder, '.git'))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/**
 * The folders that belong to the work at hand: from `cwd` up to the root of its repository, outside a repository
 * `cwd` alone. Further up is someone else's: a home folder, another project, a folder that everybody may write.
 */
export async function projectFolders(cwd: string): Promise<readonly string[]> {
  const root = await repositoryRoot(cwd)
  const folders = [resolve(cwd)]
  for (let folder = resolve(cwd); root !== undefined && folder !== root;) {
    folder = dirname(folder)
    folders.push(folder)
  }
  return folders
}

/** The configuration file of a project: that of the nearest of its folders which has one. It is not read. */
export async function findConfig(cwd: string): Promise<string | undefined> {
  for (const folder of await projectFolders(cwd))
    for (const name of names) if (await isThere(join(folder, name))) return join(folder, name)
  return undefined
}
