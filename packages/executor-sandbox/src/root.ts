import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { firstProgram } from './first.ts'
import { javaFiles } from './java-files.ts'
import { hasFilter, seccompFilter } from './seccomp.ts'
import { INSIDE_GID, INSIDE_UID, NODE_FOLDER, type SandboxRoot } from './arguments.ts'

/** Programs that every sandbox gets besides those of `/usr`. */
export interface Toolchain {
  /** The Node that is pinned. Default: the one that runs the service. */
  readonly node?: string
  /** Further host folders and files, bound read-only. */
  readonly binds?: readonly { readonly source: string; readonly target: string }[]
}

/** Links or folders of the root that lead into `/usr` on merged systems and stand beside it on others. */
const rootLinks = ['/bin', '/sbin', '/lib', '/lib64', '/lib32', '/libx32']

/** What of `/etc` is the host's own. Certificates only: never keys, never accounts. */
const hostFiles = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ssl/certs',
  '/etc/ssl/cert.pem',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted',
]

/** What container engines hide of `/proc` too. It is in no namespace, and some of it tells what others do by when it changes. */
const ofTheMachine = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
]

const generated: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nseamark:x:${INSIDE_UID}:${INSIDE_GID}:seamark:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
  group: `root:x:0:\nseamark:x:${INSIDE_GID}:\nnogroup:x:65534:\n`,
  hosts: '127.0.0.1 localhost seamark\n::1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
}

/**
 * Looks at the host once and writes the sandbox's own `/etc` below `folder`, which must be one that
 * only the service's user may write.
 */
export function prepareRoot(folder: string, bubblewrap: string, toolchain: Toolchain = {}): SandboxRoot {
  const etc = join(folder, 'etc')
  const present = [...hostFiles.filter((path) => existsSync(path)), ...javaFiles()]
  writeEtc(etc, present)
  const filters = writeFilters(folder)
  const first = writeFirst(folder)
  const node = nodeBinds(toolchain.node ?? process.execPath)
  const machine = ofTheMachine.filter((path) => existsSync(path))
  return {
    bubblewrap,
    binds: [
      { source: '/usr', target: '/usr' },
      ...rootLinks.filter((path) => isFolder(path)).map((path) => ({ source: path, target: path })),
      { source: etc, target: '/etc' },
      ...present.map((path) => ({ source: path, target: path })),
      ...node,
      ...(toolchain.binds ?? []),
    ],
    masked: {
      files: machine.filter((path) => !isFolder(path)),
      folders: machine.filter((path) => isFolder(path)),
    },
    ...(first !== undefined && { first }),
    reach: [
      etc,
      ...(first === undefined ? [] : [first]),
      ...[...node, ...(toolchain.binds ?? [])].map(({ source }) => source),
    ],
    links: rootLinks.flatMap((path) => (isLink(path) ? [{ path, to: readlinkSync(path) }] : [])),
    ...filters,
    path: node.length === 0 ? [] : [`${NODE_FOLDER}/bin`],
  }
}

/** The binary, and npm where it lies beside it as in Node's own packages: nothing else of that folder. */
function nodeBinds(node: string): { source: string; target: string }[] {
  if (node.startsWith('/usr/')) return []
  const modules = join(dirname(dirname(node)), 'lib/node_modules')
  return [
    { source: node, target: `${NODE_FOLDER}/bin/node` },
    ...['npm', 'corepack']
      .map((name) => ({ source: join(modules, name), target: `${NODE_FOLDER}/lib/node_modules/${name}` }))
      .filter(({ source }) => existsSync(source)),
  ]
}

function writeEtc(etc: string, present: readonly string[]): void {
  mkdirSync(etc, { recursive: true, mode: 0o755 })
  for (const [name, content] of Object.entries(generated)) keep(join(etc, name), content)
  // What is bound onto a read-only folder needs something there to be bound to.
  for (const path of present) {
    const place = join(etc, path.slice('/etc/'.length))
    if (isFolder(path)) mkdirSync(place, { recursive: true, mode: 0o755 })
    else {
      mkdirSync(dirname(place), { recursive: true, mode: 0o755 })
      keep(place, '')
    }
  }
  for (const folder of [etc, ...present.map((path) => dirname(join(etc, path.slice('/etc/'.length))))])
    chmodSync(folder, 0o755)
}

/** Replaces a file only if it differs, at once: a running sandbox may be looking at it. */
function keep(path: string, content: string | Buffer, mode = 0o644): void {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) return
  const next = `${path}.${process.pid}`
  writeFileSync(next, content)
  chmodSync(next, mode)
  renameSync(next, path)
}

function writeFilters(folder: string): Pick<SandboxRoot, 'filter' | 'watchedFilter'> {
  if (!hasFilter(process.arch)) return {}
  const filter = join(folder, 'seccomp.bpf')
  const watchedFilter = join(folder, 'seccomp-watched.bpf')
  keep(filter, seccompFilter(process.arch))
  keep(watchedFilter, seccompFilter(process.arch, { watched: true }))
  return { filter, watchedFilter }
}

/** A copy, as the user of sandboxes may not reach where this package lies. */
function writeFirst(folder: string): string | undefined {
  const program = firstProgram()
  if (program === undefined) return undefined
  const first = join(folder, 'first')
  keep(first, readFileSync(program), 0o755)
  return first
}

function isFolder(path: string): boolean {
  // Through a link as well: the sandbox binds what it leads to.
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}
