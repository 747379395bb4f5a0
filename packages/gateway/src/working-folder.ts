import { constants } from 'node:fs'
import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { SeamError, systemCode } from '@seamark/kit'

function unavailable(message: string, remedy: string, cause?: unknown): SeamError {
  return new SeamError('UNAVAILABLE', message, { remedy, cause })
}

/** Has one that is there already belong to the user and be closed to everybody else. */
async function claim(folder: FileHandle, user: { readonly uid: number; readonly gid: number }): Promise<void> {
  const own = process.geteuid?.()
  const { uid } = await folder.stat()
  // Whoever owns it opens it again at any time, and puts there what is given to every attempt.
  if (uid !== own && (own !== 0 || uid !== user.uid))
    throw unavailable(
      `The folder of the package cache belongs to another user (uid ${uid}).`,
      'Remove it, so that it is made anew, or give it to the user of the service.',
    )
  await folder.chmod(0o700)
  if (own === 0) await folder.chown(user.uid, user.gid)
}

/**
 * Where the gateway's process works: a folder that is its user's and closed to everybody else, or `/`. It is started in it, so
 * that the user needs no way through the folders above. Errors: `UNAVAILABLE`.
 */
export async function workingFolder(
  dir: string | undefined,
  user: { readonly uid: number; readonly gid: number },
): Promise<string> {
  if (dir === undefined) return '/'
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const folder = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      await claim(folder, user)
    } finally {
      await folder.close()
    }
    return dir
  } catch (error) {
    if (error instanceof SeamError) throw error
    const message = `The folder of the package cache can not be made (${systemCode(error) ?? '?'}).`
    throw unavailable(message, 'Look at the data folder and its disk.', error)
  }
}
