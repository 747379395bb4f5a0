import type { LaunchSpec, Mount } from '@seamark/core'
import { FIRST } from './first.ts'

/** What every sandbox of an executor sees, whatever its spec says. */
export interface SandboxRoot {
  /** The path of bubblewrap. */
  readonly bubblewrap: string
  /** Host folders and files that are bound read-only, parents before what lies in them. */
  readonly binds: readonly { readonly source: string; readonly target: string }[]
  readonly links: readonly { readonly path: string; readonly to: string }[]
  /** The program of its first process on the host, which no mount covers inside; none where there is none for this architecture. */
  readonly first?: string
  /** What of `/proc` is of the whole machine, as far as this kernel has it: files and folders that are empty inside. */
  readonly masked: { readonly files: readonly string[]; readonly folders: readonly string[] }
  /** Those sources that do not belong to the system: the sandbox's user may have to be let in. */
  readonly reach: readonly string[]
  /** File with the filter of system calls; none where there is none for this architecture. */
  readonly filter?: string
  /** The one for a sandbox whose memory is watched, beside it. */
  readonly watchedFilter?: string
  /** Folders that come first on a `PATH` that the spec gives. */
  readonly path: readonly string[]
}

/** Where the pinned Node is seen inside, unless it lies in `/usr`. */
export const NODE_FOLDER = '/opt/seamark/node'

/** The user inside; on the host it is another one, and never root. */
export const INSIDE_UID = 1000
export const INSIDE_GID = 1000

/**
 * Bubblewrap's whole line for a spec, without the program's own name: options, `--`, then the argv.
 * Pure. Options are those of bubblewrap 0.8.0.
 */
export function sandboxArguments(spec: LaunchSpec, root: SandboxRoot): string[] {
  return [...sandboxOptions(spec, root), '--', ...spec.argv]
}

/** The part of the line before `--`. */
export function sandboxOptions(spec: LaunchSpec, root: SandboxRoot): string[] {
  const { memoryBytes = Infinity } = spec.limits ?? {}
  const large = String(Math.min(MOST_TMP, memoryBytes))
  const small = String(Math.min(MOST_SHARED, memoryBytes))
  return [
    // Own user, process, IPC, UTS, cgroup and network namespaces; in the last one only a loopback.
    ['--unshare-all', '--unshare-user', '--disable-userns'],
    ['--uid', String(INSIDE_UID), '--gid', String(INSIDE_GID), '--cap-drop', 'ALL'],
    ['--hostname', 'seamark', '--new-session', '--die-with-parent'],
    ...root.binds.map(({ source, target }) => ['--ro-bind', source, target]),
    ...root.links.map(({ path, to }) => ['--symlink', to, path]),
    ['--proc', '/proc'],
    ...root.masked.files.map((path) => ['--dev-bind', '/dev/null', path]),
    ...root.masked.folders.map((path) => ['--perms', '0555', '--size', '4096', '--tmpfs', path, '--remount-ro', path]),
    ['--dev', '/dev', '--size', small, '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    ['--perms', '1777', '--size', large, '--tmpfs', '/tmp', '--size', small, '--tmpfs', '/run'],
    ...outerFirst(spec.mounts).map(({ source, target, mode }) => [BIND[mode], source, target]),
    ...(root.first === undefined ? [] : [['--ro-bind', root.first, FIRST]]),
    ['--remount-ro', '/', '--chdir', spec.cwd, '--clearenv'],
    ...Object.entries(environment(spec.env, root.path)).map(([name, value]) => ['--setenv', name, value]),
  ].flat()
}

/** Bytes of `/tmp`, and of `/run` and `/dev/shm` each: they are memory. */
const MOST_TMP = 4 * 1024 ** 3
const MOST_SHARED = 256 * 1024 ** 2

const BIND = { 'read-only': '--ro-bind', 'read-write': '--bind' } as const

function outerFirst(mounts: readonly Mount[]): Mount[] {
  return mounts.toSorted((a, b) => a.target.split('/').length - b.target.split('/').length)
}

function environment(env: Readonly<Record<string, string>>, first: readonly string[]): Record<string, string> {
  const path = env['PATH']
  if (path === undefined) return env
  const added = first.filter((folder) => !path.split(':').includes(folder))
  return { ...env, PATH: [...added, path].join(':') }
}
