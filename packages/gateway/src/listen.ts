import { chmod, chown, link, mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:net'
import { dirname, join } from 'node:path'
import { SeamError } from '@seamark/kit'

// sun_path of Linux holds 108 bytes with its end.
const maxPathBytes = 107

/**
 * Listens on a unix socket that from its first moment only its owner can connect to: it is made in a private folder and
 * linked to its place, where nothing may be yet. Errors: `INVALID_INPUT` for a path that is too long, those of the system.
 */
export async function listenPrivately(
  server: Server,
  path: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<void> {
  // The private path is the longer one.
  if (Buffer.byteLength(join(dirname(path), '.s-XXXXXX', 's')) > maxPathBytes || Buffer.byteLength(path) > maxPathBytes)
    throw new SeamError('INVALID_INPUT', `The path of a socket has at most ${maxPathBytes} bytes.`, {
      place: { pointer: '/socketPath' },
    })
  const folder = await mkdtemp(join(dirname(path), '.s-'))
  try {
    const made = join(folder, 's')
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path: made, backlog: 1_024 }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    await chmod(made, 0o600)
    if (owner !== undefined) await chown(made, owner.uid, owner.gid)
    await link(made, path)
  } catch (error) {
    server.close()
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
