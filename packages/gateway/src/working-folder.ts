import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { SeamError, systemCode } from '@seamark/kit'

/**
 * Where the gateway's process works: a folder that is made for its user and nobody else, or `/`. It is started in it, so
 * that the user needs no way through the folders above. Errors: `UNAVAILABLE`.
 */
export async function workingFolder(
  dir: string | undefined,
  user: { readonly uid: number; readonly gid: number },
): Promise<string> {
  if (dir === undefined) return '/'
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    if (process.geteuid?.() !== 0) return dir
    const folder = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      await folder.chown(user.uid, user.gid)
    } finally {
      await folder.close()
    }
    return dir
  } catch (error) {
    throw new SeamError(
      'UNAVAILABLE',
      `The folder of the package cache can not be made (${systemCode(error) ?? '?'}).`,
      {
        remedy: 'Look at the data folder and its disk.',
        cause: error,
      },
    )
  }
}
