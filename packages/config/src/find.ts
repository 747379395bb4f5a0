import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

const names = ['seamark.config.ts', 'seamark.config.mts', 'seamark.config.js', 'seamark.config.mjs']

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
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
 * The configuration file of a folder: its own, or the nearest above it up to the root of the
 * repository. Outside a repository nothing above is looked at: a configuration is code that runs.
 */
export async function findConfig(cwd: string): Promise<string | undefined> {
  const root = await repositoryRoot(cwd)
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    for (const name of names) if (await isThere(join(folder, name))) return join(folder, name)
    if (root === undefined || folder === root) return undefined
  }
}
