import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createConnection } from 'node:net'
import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
import { exists } from './exists.ts'

/** The longest path that fits `sun_path` (unix(7)) with its closing zero. */
const longest = 107

/**
 * A path that reaches a unix socket however deep its folder is. Where the path is too long for a socket's address,
 * the way leads through an open descriptor of the folder, until `release`.
 */
export function socketAddress(path: string): { readonly path: string; release(): void } {
  if (Buffer.byteLength(path) <= longest) return { path, release: () => undefined }
  if (process.platform !== 'linux')
    throw new SeamError('INVALID_INPUT', `The path is too long for a unix socket: ${path}`, {
      remedy: 'Use a data folder with a shorter path.',
    })
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: `/proc/self/fd/${fd}/${basename(path)}`, release: () => closeSync(fd) }
}

/** Whether something listens on a socket. Errors: those of the system where that can not be found out. */
export async function listens(path: string): Promise<boolean> {
  if (!(await exists(dirname(path)))) return false
  const address = socketAddress(path)
  try {
    await new Promise<void>((resolve, reject) => {
      const socket = createConnection({ path: address.path })
      socket.once('connect', () => {
        socket.destroy()
        resolve()
      })
      socket.once('error', reject)
    })
    return true
  } catch (error) {
    switch (systemCode(error)) {
      case 'ENOENT':
      case 'ECONNREFUSED':
        return false
      // Its line of those who want to connect is full.
      case 'EAGAIN':
        return true
      default:
        throw fromSystemError(error, `Connecting to ${path}`)
    }
  } finally {
    address.release()
  }
}
