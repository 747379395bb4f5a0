import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createConnection } from 'node:net'
import { SeamError } from '@seamark/kit'

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

/** Whether something listens on a socket. */
export function listens(path: string): Promise<boolean> {
  let address: ReturnType<typeof socketAddress>
  try {
    address = socketAddress(path)
  } catch {
    return Promise.resolve(false)
  }
  return new Promise<boolean>((resolve) => {
    const socket = createConnection({ path: address.path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  }).finally(() => address.release())
}
