import { isAbsolute } from 'node:path'
import { SeamError } from '@seamark/kit'
import type { CliContext } from './command.ts'

/**
 * The configuration file that the user named: `--config`, then `SEAMARK_CONFIG`; `none` where they said so.
 * Errors: `INVALID_INPUT` for a relative path in the environment, which would name another file in each folder.
 */
export function namedConfig(
  { env }: CliContext,
  options: { readonly config?: string | undefined },
): string | undefined {
  if (options.config !== undefined) return options.config
  const { config } = env
  if (config === undefined || config === 'none' || isAbsolute(config)) return config
  throw new SeamError('INVALID_INPUT', `SEAMARK_CONFIG is ${JSON.stringify(config)}, which is no absolute path.`, {
    remedy: 'Write the whole path: it counts in every folder.',
  })
}
