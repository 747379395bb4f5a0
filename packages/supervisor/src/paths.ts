import { sha256Hex } from '@seamark/kit'
import type { OutputStream } from '@seamark/core'
import { join, resolve } from 'node:path'

/** Where programs of the system are; the last one is NixOS's place for them. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin'

/** Where the supervisor of a data folder keeps what it knows. All of it is readable by its owner only. */
export interface Layout {
  /** The data folder. */
  readonly data: string
  readonly folder: string
  readonly attempts: string
  /** There for a moment while pipes are made. */
  readonly pipes: string
  /** Names the folder on the host in which a root supervisor opened ways for the sandboxes' user. */
  readonly ways: string
  /** Names the control groups that launches have theirs in. */
  readonly cgroups: string
  readonly journal: string
  /** Tombstones that the journal does not keep. */
  readonly reaped: string
  readonly lock: string
  readonly log: string
  /** Tells this data folder from a copy of it; goes into the environment of plain attempts. */
  readonly id: string
}

export function layoutOf(data: string): Layout {
  const folder = join(resolve(data), 'supervisor')
  const id = sha256Hex(resolve(data)).slice(0, 32)
  return {
    data: resolve(data),
    folder,
    attempts: join(folder, 'attempts'),
    pipes: join(folder, 'pipes'),
    ways: join(folder, 'ways'),
    cgroups: join(folder, 'cgroups'),
    journal: join(folder, 'journal.ndjson'),
    reaped: join(folder, 'reaped'),
    lock: join(folder, 'lock'),
    log: join(folder, 'log'),
    id,
  }
}

export function outputPath(layout: Layout, launchId: string, stream: OutputStream): string {
  return join(layout.attempts, `${launchId}.${stream}`)
}

/** Where bubblewrap writes the process id of the sandbox's first process and its exit code. */
export function statusPath(layout: Layout, launchId: string): string {
  return join(layout.attempts, `${launchId}.status`)
}

/** Where the sandbox's options are handed to bubblewrap; gone as soon as it has them. */
export function optionsPath(layout: Layout, launchId: string): string {
  return join(layout.attempts, `${launchId}.options`)
}
