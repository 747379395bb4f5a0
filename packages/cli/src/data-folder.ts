import { join, resolve } from 'node:path'
import { projectFolders, refuseUnnamedConfig } from '@seamark/config/find'
import type { CliContext } from './command.ts'
import { namedConfig } from './config-file.ts'
import { exists } from './exists.ts'
import { requireOwnFolder } from './own-folder.ts'

interface DataOptions {
  readonly data?: string | undefined
  readonly config?: string | undefined
}

/** The data folder, which need not be there yet. Errors: those of the configuration and of `requireOwnFolder`. */
export async function dataFolder(context: CliContext, options: DataOptions): Promise<string> {
  const folder = await wanted(context, options)
  await requireOwnFolder(folder, context.env)
  return folder
}

/**
 * `--data`, then `SEAMARK_DATA`, then what the configuration says that was named, then the nearest `.seamark` from
 * the working folder up to the root of its repository, otherwise `.seamark` in the working folder.
 */
async function wanted(context: CliContext, options: DataOptions): Promise<string> {
  const { cwd, env } = context
  const said = options.data ?? env.data
  if (said !== undefined) return resolve(cwd, said)
  const named = namedConfig(context, options)
  if (named === undefined) await refuseUnnamedConfig(cwd)
  else if (named !== 'none') {
    // Loaded here: it reads plans' policies and more, and without a configuration each command starts sooner.
    const { loadConfig } = await import('@seamark/config')
    return (await loadConfig({ cwd, named })).dataDir
  }
  for (const folder of await projectFolders(cwd)) {
    const candidate = join(folder, '.seamark')
    if (await exists(candidate)) return candidate
  }
  return resolve(cwd, '.seamark')
}
