import type { Mount } from '@seamark/core'
import { dirname } from 'node:path'
import { quoted } from './seatbelt-text.ts'

/** What an attempt may reach besides the system, by real paths. */
export interface SeatbeltScope {
  /** Each `target` is its `source`: Seatbelt moves nothing. */
  readonly mounts: readonly Mount[]
  /** Files and folders of the toolchain, read-only. */
  readonly toolchain: readonly string[]
}

/**
 * Folders of macOS with programs, libraries and what these come with. Never all of `/System`: below `/System/Volumes/Data`
 * are the files of all users once more.
 */
export const SYSTEM_PROGRAMS: readonly string[] = [
  '/System/Library',
  '/System/Cryptexes',
  '/System/Volumes/Preboot/Cryptexes',
  '/usr/bin',
  '/usr/lib',
  '/usr/libexec',
  '/usr/sbin',
  '/usr/share',
  '/bin',
  '/sbin',
  '/Library/Apple',
  '/Library/Developer/CommandLineTools',
]

/** What programs read at their start: the loader's cache, time zones, certificates, and which shell and tools were chosen. */
export const SYSTEM_FILES: readonly string[] = [
  '/private/etc/localtime',
  '/private/etc/ssl',
  '/private/var/db/dyld',
  '/private/var/db/timezone',
  '/private/var/db/xcode_select_link',
  '/private/var/select',
]

/** Links of the root, which lead into `/private`. */
const SYSTEM_LINKS = ['/etc', '/tmp', '/var']

const READ_DEVICES = ['/dev/null', '/dev/random', '/dev/urandom', '/dev/zero']

/** Without `kern.proc…`, by which other processes and their environments are read. */
const SYSCTLS = [
  'kern.argmax',
  'kern.hostname',
  'kern.maxfilesperproc',
  'kern.maxproc',
  'kern.ngroups',
  'kern.osproductversion',
  'kern.osrelease',
  'kern.ostype',
  'kern.osvariant_status',
  'kern.osversion',
  'kern.secure_kernel',
  'kern.usrstack64',
  'kern.version',
  'sysctl.proc_cputype',
  'sysctl.proc_translated',
  'vm.loadavg',
]

/** Names of users; all other services of the system are out of reach. */
const MACH_SERVICES = ['com.apple.system.opendirectoryd.libinfo']

/**
 * The profile for `sandbox-exec(1)` that holds an attempt to its mounts, in the language of sandbox(7) profiles, version 1. Of
 * rules that match, the last one counts. Nothing is allowed but what is written here: no network, no unix socket, no device or
 * service of the system but those named, no write outside the writable mounts. Pure.
 *
 * Errors: `INVALID_INPUT` for a path that a profile can not name.
 */
export function seatbeltProfile({ mounts, toolchain }: SeatbeltScope): string {
  const places = [...SYSTEM_PROGRAMS, ...toolchain, ...mounts.map(({ source }) => source)].map(subpath)
  const writable = mounts.filter(({ mode }) => mode === 'read-write').map(({ source }) => source)
  const above = ancestors([...toolchain, ...mounts.map(({ source }) => source)])
  return [
    '(version 1)',
    rule('deny', ['default']),
    // Not covered by the default.
    rule('deny', ['file-map-executable', 'iokit-get-properties', 'nvram*', 'process-info*']),

    rule('allow', ['process-fork']),
    rule('allow', ['process-info*', 'signal'], ['(target same-sandbox)']),
    rule('allow', ['process-exec*', 'file-map-executable'], places),
    rule(
      'allow',
      ['sysctl-read'],
      [
        ...['hw.', 'machdep.cpu.'].map((prefix) => filter('sysctl-name-prefix', prefix)),
        ...SYSCTLS.map((name) => filter('sysctl-name', name)),
      ],
    ),
    rule(
      'allow',
      ['mach-lookup'],
      MACH_SERVICES.map((name) => filter('global-name', name)),
    ),

    // The loader reads the root itself.
    rule('allow', ['file-read*'], [literal('/'), ...places, ...SYSTEM_FILES.map(subpath)]),
    rule('allow', ['file-read*'], [...READ_DEVICES.map(literal), subpath('/dev/fd')]),
    rule('allow', ['file-write-data'], [literal('/dev/null'), subpath('/dev/fd')]),
    rule('allow', ['file-read-metadata'], [...SYSTEM_LINKS, ...above].map(literal)),

    // All below a mount, and of its top only the content: whoever could replace that would lead the service elsewhere.
    ...writable.flatMap((path) => [
      rule('allow', ['file-write*'], [`(require-all ${subpath(path)} (require-not ${literal(path)}))`]),
      rule('allow', ['file-write-data'], [literal(path)]),
    ]),

    rule('deny', ['file-write-setugid']),
    rule('deny', ['network*']),
    '',
  ].join('\n')
}

function rule(action: 'allow' | 'deny', operations: readonly string[], filters: readonly string[] = []): string {
  const head = `(${action} ${operations.join(' ')}`
  return filters.length === 0 ? `${head})` : [head, ...filters.map((one) => `  ${one}`)].join('\n') + ')'
}

function filter(name: string, text: string): string {
  return `(${name} ${quoted(text)})`
}

/** A file or folder and all below it. */
function subpath(path: string): string {
  return filter('subpath', path)
}

function literal(path: string): string {
  return filter('literal', path)
}

/** Folders on the way to some paths, but for the root. */
function ancestors(paths: readonly string[]): string[] {
  const found = new Set<string>()
  for (const path of paths) for (let at = dirname(path); at !== '/'; at = dirname(at)) found.add(at)
  return [...found].toSorted()
}
