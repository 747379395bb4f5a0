import type { LaunchSpec } from '@seamark/core'
import { posix } from 'node:path'
import { isBelow } from './check-spec.ts'
import type { ContainerConfig } from './container-body.ts'
import type { PathFacts } from './port.ts'

/** What is asked of a container that was created and not started. */
export interface Look {
  /** A path of the image, or of a mount. */
  stat(path: string): Promise<PathFacts | undefined>
  /** Whether a path is there only because the engine made it as the working folder. */
  wasMade(path: string): Promise<boolean>
}

/**
 * Why a program could not start: the first process would tell it as an exit code, and the engine makes a working folder
 * that is missing, so both are looked for before. `undefined` where nothing is missing.
 */
export async function findMissing(spec: LaunchSpec, config: ContainerConfig, look: Look): Promise<string | undefined> {
  const empty = Object.keys(config.HostConfig.Tmpfs)
  const targets = spec.mounts.map(({ target }) => target)
  const inEmpty = (path: string) => innermost(path, [...empty, ...targets], empty)
  const inMount = (path: string) => innermost(path, [...empty, ...targets], targets)

  const { cwd } = spec
  if (cwd !== '/' && !empty.includes(cwd) && !targets.includes(cwd)) {
    const there = inEmpty(cwd)
      ? false
      : inMount(cwd)
        ? (await look.stat(cwd)) !== undefined
        : !(await look.wasMade(cwd))
    if (!there) return `ENOENT: no such working folder ${cwd}`
  }

  let denied: string | undefined
  for (const path of programPaths(spec)) {
    if (inEmpty(path)) continue
    let found = await look.stat(path)
    if (found?.kind === 'link' && !inEmpty(found.leadsTo)) found = await look.stat(found.leadsTo)
    if (found === undefined || found.kind === 'link') continue
    if (found.kind === 'file' && found.executable) return undefined
    denied ??= path
  }
  const program = spec.argv[0] ?? ''
  return denied === undefined ? `ENOENT: no such program ${program}` : `EACCES: ${denied} is not executable`
}

/** Where a program may be, as `execvp` looks for it. Pure. */
export function programPaths({ argv, env, cwd }: LaunchSpec): string[] {
  const program = argv[0] ?? ''
  if (program.includes('/')) return [posix.resolve(cwd, program)]
  return (env['PATH'] ?? '/bin:/usr/bin').split(':').map((folder) => posix.resolve(cwd, folder, program))
}

/** Whether the innermost of these folders that holds a path is one of the wanted. */
function innermost(path: string, folders: readonly string[], wanted: readonly string[]): boolean {
  const holder = folders.filter((folder) => isBelow(path, folder)).toSorted((a, b) => b.length - a.length)[0]
  return holder !== undefined && wanted.includes(holder)
}
