import type { FirstProcess } from '@seamark/supervisor'
import type { LaunchSpec } from '@seamark/core'
import { forwarderProcesses } from '@seamark/forwarder'
import { fileURLToPath } from 'node:url'

/** Where the first process is in every sandbox: no mount can be there. */
export const FIRST = '/.seamark-first'

const ARCHITECTURES: readonly string[] = ['x64', 'arm64']

/** Path of the first process's program on this host, a static Linux executable; `undefined` for another architecture. */
export function firstProgram(arch: string = process.arch): string | undefined {
  if (!ARCHITECTURES.includes(arch)) return undefined
  return fileURLToPath(new URL(`../bin/seamark-first-${arch}`, import.meta.url))
}

/** The first process of a launch. What the forwarder leaves behind is ours, and no program of an item. Errors: those of the system. */
export async function firstProcess(spec: LaunchSpec): Promise<FirstProcess> {
  const { tellRefusedWrites } = spec
  return {
    program: FIRST,
    own: await forwarderProcesses(spec),
    ...(tellRefusedWrites !== undefined && { tellRefusedWrites }),
  }
}
