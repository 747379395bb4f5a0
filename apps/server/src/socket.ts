import { chmodSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs'
import { chmod, lstat, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listens, readServiceFile, serviceFilePath, socketAddress } from '@seamark/cli'
import type { ServiceFile } from '@seamark/cli'
import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
import type { FastifyInstance } from 'fastify'

/** The service that commands find in a folder, where it listens. One that is frozen does. */
export async function serviceIn(dataDir: string): Promise<ServiceFile | undefined> {
  const file = await readServiceFile(dataDir)
  return file !== undefined && (await listens(file.socket)) ? file : undefined
}

/** A folder has a service that is not to be replaced. */
export function inUse(dataDir: string, { as, pid }: ServiceFile): SeamError {
  return new SeamError('CONFLICT', `${as} (process ${pid}) is running on ${dataDir} already.`, {
    remedy: `Talk to it with seamark submit and seamark status, or stop it first: kill ${pid}`,
  })
}

/** Makes the folder of what services of a data folder say to each other and to commands; gives its path. */
export function serviceFolder(dataDir: string): string {
  const folder = join(dataDir, 'service')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  return folder
}

/** Where the socket of a data folder's service is. */
export function socketIn(dataDir: string): string {
  return join(dataDir, 'service', 'socket')
}

/** A socket where commands look. */
export interface Door {
  /** Whether commands still find it: the service that took over puts its own in its place. */
  isFound(): boolean
  /** Says of which log it is. */
  tell(log: string | undefined): Promise<void>
  /** Removes what is there of it, and nothing of another one. */
  close(): Promise<void>
}

export interface DoorOptions {
  readonly dataDir: string
  readonly as: string
  /** Origin of the log, where it has one yet. */
  readonly log: string | undefined
}

/**
 * Listens where commands look: on a socket that only its owner can open, named in the data folder. What is there is
 * replaced; the caller has made sure that nobody needs it.
 */
export async function listen(app: FastifyInstance, { dataDir, as, log }: DoorOptions): Promise<Door> {
  // Between bind and chmod the socket is as open as the folder around it: a closed one, also where the data folder is not.
  const folder = serviceFolder(dataDir)
  const socket = socketIn(dataDir)
  const path = serviceFilePath(dataDir)
  // A server that closes unlinks the path that it was bound to, whoever has it by then: nobody else is ever found there.
  const bound = join(folder, `socket.${process.pid}`)
  await rm(bound, { force: true })
  const address = socketAddress(bound)
  let ino: bigint
  try {
    await app.listen({ path: address.path })
    await chmod(bound, 0o600)
    ino = (await lstat(bound, { bigint: true })).ino
    await rename(bound, socket)
  } catch (error) {
    address.release()
    throw fromSystemError(error, `Listening on ${socket}`)
  }
  let text = ''
  const hasSocket = () => orMissing(() => lstatSync(socket, { bigint: true }).ino === ino, socket)
  const hasFile = () => orMissing(() => readFileSync(path, 'utf8') === text, path)
  const door: Door = {
    isFound: () => hasSocket() && hasFile(),
    async tell(origin) {
      const file: ServiceFile = {
        version: 1,
        pid: process.pid,
        socket,
        as,
        ...(origin !== undefined && { log: origin }),
      }
      text = `${JSON.stringify(file)}\n`
      await writeFile(`${path}.${process.pid}`, text, { mode: 0o600 })
      await rename(`${path}.${process.pid}`, path)
    },
    async close() {
      // In one go, so that nothing of a service that comes up meanwhile is taken for its own.
      if (hasFile()) unlinkSync(path)
      if (hasSocket()) unlinkSync(socket)
      await app.close()
      address.release()
    },
  }
  await door.tell(log)
  return door
}

function orMissing(look: () => boolean, path: string): boolean {
  try {
    return look()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw fromSystemError(error, `Looking at ${path}`)
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
