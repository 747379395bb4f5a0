import { SeamError, systemCode } from '@seamark/kit'
import { access } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SeamarkConfig } from './config.ts'
import { findConfig } from './find.ts'
import { checkRequirements } from './require.ts'
import { configProblems } from './shape.ts'

export interface LoadConfigOptions {
  /** Absolute folder that the configuration is looked for in, and upwards to the repository's root. */
  readonly cwd: string
  /** The configuration file, relative to `cwd`; it must be there. */
  readonly explicitPath?: string
}

/** A configuration with its plain values filled in. Seam objects are as the file gave them. */
export interface LoadedConfig {
  /** Absolute path of the file; absent where there is none. */
  readonly file?: string
  readonly namespace: string
  /** Absolute. */
  readonly dataDir: string
  readonly queues: readonly { readonly name: string; readonly concurrency: number }[]
  /** What the file exports, checked; empty where there is none. */
  readonly config: SeamarkConfig
}

async function importDefault(file: string): Promise<unknown> {
  try {
    await access(file)
  } catch (error) {
    throw new SeamError('NOT_FOUND', `There is no configuration file ${file}.`, { cause: error })
  }
  try {
    const module: unknown = await import(pathToFileURL(file).href)
    return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  } catch (error) {
    const code = systemCode(error)
    const message = error instanceof Error ? error.message : String(error)
    throw new SeamError(
      'INVALID_INPUT',
      `${file} can not be loaded${code === undefined ? '' : ` (${code})`}: ${message}`,
      {
        remedy: 'Correct the file; it is run by Node.js, which takes types out but does not check them.',
        cause: error,
      },
    )
  }
}

function isConfig(value: unknown): value is SeamarkConfig {
  return configProblems(value).length === 0
}

/**
 * Finds, runs and checks the configuration. With none, everything is the default. Environment
 * variables are the file's own business.
 *
 * Errors: `NOT_FOUND` for an explicit file that is not there, `INVALID_INPUT` with every problem of
 * the file, `UNSUPPORTED` for seams of another version and for requirements that are not met.
 */
export async function loadConfig({ cwd, explicitPath }: LoadConfigOptions): Promise<LoadedConfig> {
  const file = explicitPath === undefined ? await findConfig(cwd) : resolve(cwd, explicitPath)
  const config = file === undefined ? {} : await importDefault(file)
  if (config === undefined)
    throw new SeamError('INVALID_INPUT', `${file} has no default export.`, {
      remedy: 'Write: export default defineConfig({ … })',
    })
  if (!isConfig(config)) {
    const problems = configProblems(config)
    const unsupported = problems.every(({ code }) => code === 'UNSUPPORTED')
    throw new SeamError(unsupported ? 'UNSUPPORTED' : 'INVALID_INPUT', `${file} is not valid.`, { problems })
  }
  checkRequirements(config.require, {
    ...(config.executors && { executors: config.executors }),
    ...(config.anchors && { anchors: config.anchors }),
  })
  const queues = { default: { concurrency: availableParallelism() }, ...config.queues }
  return {
    ...(file !== undefined && { file }),
    namespace: config.namespace ?? 'default',
    dataDir: resolve(file === undefined ? cwd : dirname(file), config.dataDir ?? '.seamark'),
    queues: Object.entries(queues).map(([name, { concurrency }]) => ({ name, concurrency })),
    config,
  }
}
