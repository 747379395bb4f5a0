import { constants } from 'node:fs'
import { chmod, chown, lstat, open, rename, stat } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { isSeamError, SeamError, systemCode } from './errors.ts'

/**
 * Listens on a unix socket with mode 0600 that belongs to the owner of its folder, where nothing is yet or a socket that it
 * replaces at once. The path may be of any length. Whoever connects before the server is handed on is turned away.
 *
 * Errors: `CONFLICT` where something else is at the path, `UNAVAILABLE` where no socket can be made.
 */
export async function listenPrivately(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  try {
    const there = await lstat(path).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
    })
    if (there !== undefined && !there.isSocket())
      throw new SeamError('CONFLICT', `Something is at ${path} already.`, {
        place: { pointer: '/socketPath' },
        remedy: 'Remove it, or name another path.',
      })
    const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      // Under another name first: at its place it is never open to others. What is longer than an address of a socket may
      // be is reached through the descriptor of its folder.
      const name = `.${randomBytes(12).toString('hex')}`
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ path: `/proc/self/fd/${folder.fd}/${name}`, backlog: 1_024 }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      const made = join(dirname(path), name)
      await chmod(made, 0o600)
      const { uid, gid } = await stat(dirname(path))
      if (process.geteuid?.() === 0) await chown(made, uid, gid)
      await rename(made, path)
    } finally {
      await folder.close()
    }
    return server
  } catch (error) {
    server.close()
    if (isSeamError(error)) throw error
    throw new SeamError(
      'UNAVAILABLE',
      `The socket ${basename(path)} can not be made (${systemCode(error) ?? 'no reason given'}).`,
      { place: { pointer: '/socketPath' }, cause: error },
    )
  }
}
