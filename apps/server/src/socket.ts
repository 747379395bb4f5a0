import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listens, readServiceFile, serviceFilePath, socketAddress } from '@seamark/cli'
import type { ServiceFile } from '@seamark/cli'
import { fromSystemError, SeamError } from '@seamark/kit'
import type { FastifyInstance } from 'fastify'

/** Refuses to start beside a service that answers. Errors: `CONFLICT`, naming it. */
export async function refuseSecond(dataDir: string): Promise<void> {
  const other = await readServiceFile(dataDir)
  if (other !== undefined && (await listens(other.socket))) throw taken(dataDir, other)
}

function taken(dataDir: string, { as, pid }: ServiceFile): SeamError {
  return new SeamError('CONFLICT', `${as} (process ${pid}) is running on ${dataDir} already.`, {
    remedy: `Talk to it with seamark submit and seamark status, or stop it first: kill ${pid}`,
  })
}

/**
 * Listens where commands look: on a socket that only its owner can open, named in the data folder. What a killed
 * service left is replaced; the caller holds the lease, so no other service is alive.
 */
export async function listen(
  app: FastifyInstance,
  dataDir: string,
  as: string,
): Promise<{ socket: string; close(): Promise<void> }> {
  // Between bind and chmod the socket is as open as the folder around it: a closed one, also where the data folder is not.
  const folder = join(dataDir, 'service')
  const socket = join(folder, 'socket')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await rm(socket, { force: true })
  const address = socketAddress(socket)
  try {
    await app.listen({ path: address.path })
    await chmod(socket, 0o600)
  } catch (error) {
    address.release()
    throw fromSystemError(error, `Listening on ${socket}`)
  }
  const file: ServiceFile = { version: 1, pid: process.pid, socket, as }
  const path = serviceFilePath(dataDir)
  await writeFile(`${path}.new`, `${JSON.stringify(file)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return {
    socket,
    async close() {
      await rm(path, { force: true })
      await app.close()
      await rm(socket, { force: true })
      address.release()
    },
  }
}

/** Listens where nobody looks: for one command that talks to its own process. */
export async function listenPrivately(app: FastifyInstance): Promise<{ socket: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'seamark-'))
  const socket = join(folder, 'socket')
  const close = async () => {
    await app.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await app.listen({ path: socket })
    return { socket, close }
  } catch (error) {
    await close()
    throw fromSystemError(error, `Listening on ${socket}`)
  }
}
