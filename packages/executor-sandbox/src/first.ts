import type { FirstProcess } from '@seamark/supervisor'
import type { LaunchSpec } from '@seamark/core'
import { FORWARDER_ARCHITECTURES, FORWARDER_PROCESSES, forwarderProgram } from '@seamark/forwarder'
import { systemCode } from '@seamark/kit'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Where the first process is in every sandbox: no mount can be there. */
export const FIRST = '/.seamark-first'

const ARCHITECTURES: readonly string[] = ['x64', 'arm64']

/** Path of the first process's program on this host, a static Linux executable; `undefined` for another architecture. */
export function firstProgram(arch: string = process.arch): string | undefined {
  if (!ARCHITECTURES.includes(arch)) return undefined
  return fileURLToPath(new URL(`../bin/seamark-first-${arch}`, import.meta.url))
}

/**
 * The first process of a launch. What the forwarder leaves behind is ours, and no program of an item; the forwarder is known by
 * its bytes, in a mount that no program can write. Errors: those of the system.
 */
export async function firstProcess({ argv, mounts }: Pick<LaunchSpec, 'argv' | 'mounts'>): Promise<FirstProcess> {
  const mount = mounts.find(({ target, mode }) => target === argv[0] && mode === 'read-only')
  const isForwarder = mount !== undefined && (await holdsForwarder(mount.source))
  return { program: FIRST, own: isForwarder ? FORWARDER_PROCESSES : 0 }
}

async function holdsForwarder(path: string): Promise<boolean> {
  if (!FORWARDER_ARCHITECTURES.includes(process.arch)) return false
  const forwarder = await readFile(forwarderProgram())
  try {
    const found = await stat(path)
    return found.isFile() && found.size === forwarder.byteLength && forwarder.equals(await readFile(path))
  } catch (error) {
    // A mount that is missing or closed ends the launch by itself, or runs what is none of ours.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return false
    throw error
  }
}
