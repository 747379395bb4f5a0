import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
import { makeFolder } from '@seamark/kit/files'

const against = new Set(['ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP'])

/**
 * Makes a folder that a user named, and its missing parents, with mode 0700. Errors: `INVALID_INPUT` where there can
 * be none, `FORBIDDEN`, `LIMIT_EXCEEDED`.
 */
export async function makeNamedFolder(path: string): Promise<void> {
  try {
    await makeFolder(path)
  } catch (error) {
    const code = systemCode(error) ?? ''
    if (!against.has(code)) throw fromSystemError(error, `Making the folder ${path}`)
    throw new SeamError('INVALID_INPUT', `There can be no folder ${path} (${code}).`, {
      remedy: 'Name another path, or move away what is there.',
      cause: error,
    })
  }
}
