import { SeamError } from '@seamark/kit'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'

/** The longest path that fits `sun_path` (unix(7)) with its closing zero. */
const longest = 107

/** A path that reaches the socket in a folder, and what to call when it is not needed any more. */
export interface SocketAddress {
  readonly path: string
  release(): void
}

/**
 * The socket of a supervisor. Where the folder is too deep for a unix socket's address, the way
 * leads through an open descriptor of the folder, which Linux resolves without the long path.
 */
export function socketAddress(folder: string): SocketAddress {
  const path = join(folder, 'socket')
  if (Buffer.byteLength(path) <= longest) return { path, release: () => undefined }
  if (process.platform !== 'linux')
    throw new SeamError('INVALID_INPUT', `The data folder's path is too long for a unix socket: ${path}`, {
      remedy: `Use a data folder whose path leaves the socket at most ${longest} bytes.`,
    })
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: `/proc/self/fd/${fd}/socket`, release: () => closeSync(fd) }
}
