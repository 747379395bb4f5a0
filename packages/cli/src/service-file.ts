import type { Stats } from 'node:fs'
import { lstat, readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fromSystemError, SeamError, systemCode } from '@seamark/kit'

/** Where the service of a data folder is, as the service writes it into that folder. */
export interface ServiceFile {
  readonly version: 1
  readonly pid: number
  /** Absolute path of its unix socket. */
  readonly socket: string
  /** What it was started as: `seamark serve` or `seamark run`. */
  readonly as: string
  /** Origin of the log that it leads or waits for; absent before that has its first record. */
  readonly log?: string
}

export function serviceFilePath(dataDir: string): string {
  return join(dataDir, 'service.json')
}

/**
 * `undefined` where no service was started, or the last one was stopped. A killed one leaves its file behind.
 * Errors: `INVALID_INPUT` for a file that says something else or names a socket elsewhere, `FORBIDDEN` for a socket of
 * another user.
 */
export async function readServiceFile(dataDir: string): Promise<ServiceFile | undefined> {
  const path = serviceFilePath(dataDir)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fromSystemError(error, `Reading ${path}`)
  }
  const file = parse(text, path)
  await requireOwnSocket(dataDir, path, file.socket)
  return file
}

/** A folder that came with somebody's files could name any socket, and whoever listens there is told everything. */
async function requireOwnSocket(dataDir: string, path: string, socket: string): Promise<void> {
  const [home, place] = await Promise.all([dataDir, dirname(socket)].map(realPath))
  const found = await lstatIfThere(socket)
  if (found?.isSymbolicLink() === true || (place !== home && !place?.startsWith(`${home}/`)))
    throw new SeamError('INVALID_INPUT', `${path} names a socket outside its folder: ${JSON.stringify(socket)}.`, {
      remedy: 'Remove it if no service is running on this folder.',
    })
  const user = process.geteuid?.()
  if (found === undefined || user === undefined || found.uid === user || found.uid === 0) return
  throw new SeamError('FORBIDDEN', `The socket ${socket} belongs to user ${found.uid}, and this is user ${user}.`, {
    remedy: 'Run as the user that started the service.',
  })
}

/** The path itself where nothing is there: then it leads nowhere else. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (isMissing(error)) return path
    throw fromSystemError(error, `Looking at ${path}`)
  }
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fromSystemError(error, `Looking at ${path}`)
  }
}

function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR'
}

function parse(text: string, path: string): ServiceFile {
  const damaged = new SeamError('INVALID_INPUT', `${path} does not say where the service is.`, {
    remedy: 'Remove it if no service is running on this folder.',
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // What the parser says of it helps nobody: the file is written whole or not at all.
    throw damaged
  }
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('socket' in value)) throw damaged
  const { pid, socket } = value
  if (typeof pid !== 'number' || typeof socket !== 'string') throw damaged
  return {
    version: 1,
    pid,
    socket,
    as: 'as' in value && typeof value.as === 'string' ? value.as : 'seamark',
    ...('log' in value && typeof value.log === 'string' && { log: value.log }),
  }
}
