import { readFile, realpath } from 'node:fs/promises'
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
}

export function serviceFilePath(dataDir: string): string {
  return join(dataDir, 'service.json')
}

/** `undefined` where no service was started, or the last one was stopped. A killed one leaves its file behind. */
export async function readServiceFile(dataDir: string): Promise<ServiceFile | undefined> {
  const path = serviceFilePath(dataDir)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw fromSystemError(error, `Reading ${path}`)
  }
  const file = parse(text, path)
  // A folder that came with somebody's files could name any socket; a socket itself can not come that way.
  const [home, place] = await Promise.all(
    [dataDir, dirname(file.socket)].map((folder) => realpath(folder).catch(() => folder)),
  )
  if (place !== home && !place?.startsWith(`${home}/`))
    throw new SeamError('INVALID_INPUT', `${path} names a socket outside its folder: ${JSON.stringify(file.socket)}.`, {
      remedy: 'Remove it if no service is running on this folder.',
    })
  return file
}

function parse(text: string, path: string): ServiceFile {
  const damaged = new SeamError('INVALID_INPUT', `${path} does not say where the service is.`, {
    remedy: 'Remove it if no service is running on this folder.',
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged
  }
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('socket' in value)) throw damaged
  const { pid, socket } = value
  if (typeof pid !== 'number' || typeof socket !== 'string') throw damaged
  return { version: 1, pid, socket, as: 'as' in value && typeof value.as === 'string' ? value.as : 'seamark' }
}
