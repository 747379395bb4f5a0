import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { loadConfig } from '@seamark/config'
import type { CliContext } from './command.ts'

/**
 * The data folder: `--data`, then `SEAMARK_DATA`, then what a configuration file says, then the nearest `.seamark` from the working
 * folder up to the repository that it is in, otherwise `.seamark` in the working folder.
 */
export async function dataFolder(
  { cwd, env }: CliContext,
  options: { readonly data?: string | undefined; readonly config?: string | undefined },
): Promise<string> {
  if (options.data !== undefined) return resolve(cwd, options.data)
  if (env.data !== undefined) return resolve(cwd, env.data)
  const { file, dataDir } = await loadConfig({
    cwd,
    ...(options.config !== undefined && { explicitPath: options.config }),
  })
  if (file !== undefined) return dataDir
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = join(folder, '.seamark')
    if (await exists(candidate)) return candidate
    // Further up is someone else's: a home folder, another project.
    if ((await exists(join(folder, '.git'))) || dirname(folder) === folder) return resolve(cwd, '.seamark')
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
