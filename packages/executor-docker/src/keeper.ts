import type { LaunchSpec } from '@seamark/core'
import { SeamError, sha256Hex, systemCode } from '@seamark/kit'
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Where the keeper is in every container. */
export const KEEPER = '/.seamark-keep'

/** The variable that the keeper takes its watchword from, and out of what it gives to its program. */
export const WATCHWORD_VARIABLE = 'SEAMARK_WATCHWORD'

const ARCHITECTURES: readonly string[] = ['x64', 'arm64']

/**
 * Path of the keeper on this host: a static Linux executable that is the first process of every container. Errors:
 * `UNSUPPORTED` for another architecture.
 */
export function keeperProgram(arch: string = process.arch): string {
  if (ARCHITECTURES.includes(arch)) return fileURLToPath(new URL(`../bin/seamark-keep-${arch}`, import.meta.url))
  throw new SeamError('UNSUPPORTED', `There is no keeper of containers for ${arch}.`, {
    remedy: `Run the executor on one of: ${ARCHITECTURES.join(', ')}.`,
  })
}

/**
 * The command that runs another one and ends with it, or kills all that there is after this time. `own` is how many processes
 * that one starts which are ours, and not told of. Refused writes below `tellRefusedWrites` are told. Pure.
 */
export function keptCommand(
  { argv, tellRefusedWrites }: Pick<LaunchSpec, 'argv' | 'tellRefusedWrites'>,
  afterMs: number | undefined,
  own: number,
): string[] {
  const folder = tellRefusedWrites === undefined ? [] : [tellRefusedWrites]
  return [KEEPER, String(afterMs ?? 0), String(own), ...folder, '--', ...argv]
}

/** A word that only a keeper and whoever asks the engine know. */
export function makeWatchword(): string {
  return randomBytes(16).toString('hex')
}

/** A watchword from a label; `undefined` for what is none. Pure. */
export function watchwordFrom(text: string | undefined): string | undefined {
  return text !== undefined && /^[a-f0-9]{32}$/.test(text) ? text : undefined
}

/** The digest of the keeper's bytes. Errors: `UNAVAILABLE` where it is missing or can not be executed. */
export async function checkKeeper(path: string = keeperProgram()): Promise<string> {
  const unavailable = (why: string, remedy: string, cause?: unknown) =>
    new SeamError('UNAVAILABLE', `The keeper of containers ${why}: ${path}.`, { remedy, cause })
  try {
    if (((await stat(path)).mode & 0o111) !== 0o111)
      throw unavailable('can not be executed by everybody', `Run \`chmod 755 ${path}\`.`)
    return sha256Hex(await readFile(path))
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    throw unavailable('can not be read', 'Install @seamark/executor-docker again.', error)
  }
}
