/**
 * Which folders and which configuration belong to the work at hand, without what reads one.
 *
 * @module
 */
import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
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
async function repositoryRoot(cwd: string): Promise<string | undefined> {
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

/**
 * A configuration is a program that runs with all rights of its user, and the folder it lies in may be somebody
 * else's: only a file that was named is run. One that was not is neither run nor passed over. Errors: `FORBIDDEN`.
 */
export async function refuseUnnamedConfig(cwd: string): Promise<void> {
  const file = await findConfig(cwd)
  if (file === undefined) return
  const shown = quoted(file)
  throw new SeamError('FORBIDDEN', `${file} is a program, and nobody said to run it.`, {
    remedy: `Read it. To use it, say --config ${shown}, or for all commands of this shell: export SEAMARK_CONFIG=${shown}. To do without it, say --config none.`,
  })
}

/** As a shell takes it for one word: the names of folders come with a repository too. */
function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
