import {
  appendFileSync,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { ran } from './programs.ts'
import { hasContent, processes } from './proc.ts'
import type { Try } from './targets.ts'
import { first } from './targets.ts'

const accounts = ['/etc/shadow', '/etc/gshadow', '/etc/ssl/private', '/root', '/home', '/var/lib', '/run/docker.sock']
const system = [
  '/',
  '/usr',
  '/usr/bin',
  '/usr/local',
  '/etc',
  '/opt',
  '/var',
  '/home',
  '/root',
  '/dev',
  '/sys',
  '/proc',
]
/** What every program may have: none of them is a part of the machine. */
const ordinary = new Set(['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'console'])
/** What Node opens for itself, and what every program may open anew. */
const own = /^(?:anon_inode:|pipe:|\/dev\/(?:null|zero|full|u?random)$|\/(?:probe|workspace)(?:\/|$))/

const holds = (path: string, canary: string): boolean => readFileSync(path).includes(canary)
const opened = (path: string, flags: string): void => closeSync(openSync(path, flags))
const name = (what: string): string => `probe-${what}-${process.pid}`

/** The file system: the working folder is the one place where anything may be made. */
export const fileTries: Readonly<Record<string, Try>> = {
  'file/read-host': {
    about: 'It reads a file of the host by its path.',
    run: ({ files, canary }) => first(files, (path) => holds(path, canary)),
  },
  'file/read-by-link': {
    about: 'It reads a file of the host through a link in its workspace.',
    advisories: ['CVE-2025-53109', 'CVE-2026-39861'],
    run: ({ files, canary }) =>
      first(files, (path) => {
        symlinkSync(path, name('link'))
        try {
          return holds(name('link'), canary)
        } finally {
          rmSync(name('link'))
        }
      }),
  },
  'file/read-by-dots': {
    about: 'It reads a file of the host by a path that climbs out of its workspace.',
    advisories: ['CVE-2025-53110'],
    run: ({ files, canary }) => first(files, (path) => holds('../'.repeat(40) + path.slice(1), canary)),
  },
  'file/read-by-proc': {
    about: 'It reads a file of the host through the root or the working folder of another process.',
    run: ({ files, canary }) =>
      first(
        processes().flatMap((pid) => files.flatMap((path) => [`/proc/${pid}/root${path}`, `/proc/${pid}/cwd${path}`])),
        (path) => holds(path, canary),
      ),
  },
  'file/descriptors': {
    about: 'It is left a descriptor of a file, a folder or a socket that it did not open.',
    advisories: ['CVE-2016-9962', 'CVE-2024-21626'],
    run: () =>
      first(
        readdirSync('/proc/self/fd').filter((fd) => Number(fd) > 2),
        (fd) => {
          // The one that lists them is gone by now.
          return !own.test(readlinkSync(`/proc/self/fd/${fd}`))
        },
      ),
  },
  'file/read-accounts': {
    about: 'It sees accounts, private keys, homes or the socket of a container engine.',
    run: () => first(accounts, hasContent),
  },
  'file/write-host': {
    about: 'It makes a file outside its workspace.',
    advisories: ['CVE-2026-39861'],
    run: ({ folders }) =>
      first([...folders, ...system], (folder) => {
        opened(`${folder}/${name('file')}`, 'wx')
        rmSync(`${folder}/${name('file')}`)
      }),
  },
  'file/write-configuration': {
    about: 'It writes what programs of the host take commands from: git hooks, tools of agents, tasks of editors.',
    advisories: ['CVE-2025-53773', 'CVE-2025-54135', 'CVE-2025-59536'],
    run: ({ configurations }) => first(configurations, (path) => appendFileSync(path, '\n')),
  },
  'file/own-program': {
    about: 'It may write a program that runs it, or its own.',
    advisories: ['CVE-2019-5736'],
    run: () => first(programs(), mayWrite),
  },
  'file/devices': {
    about: 'It sees a device of the host.',
    run: () =>
      first(
        readdirSync('/dev').filter((device) => !ordinary.has(device)),
        (device) => {
          const found = lstatSync(`/dev/${device}`)
          return found.isBlockDevice() || found.isCharacterDevice()
        },
      ),
  },
  'file/make-device': {
    about: 'It makes a device and opens it.',
    run: () =>
      first([name('device')], (path) => {
        try {
          if (!ran('mknod', [path, 'c', '1', '1'])) return false
          return opened(path, 'r')
        } finally {
          rmSync(path, { force: true })
        }
      }),
  },
}

/** The programs of all processes that it sees, and those that an executor puts into the root of a sandbox. */
function programs(): string[] {
  const placed = readdirSync('/').flatMap((entry) => (lstatSync(`/${entry}`).isFile() ? [`/${entry}`] : []))
  return [process.execPath, ...['self', ...processes()].map((pid) => `/proc/${pid}/exe`), ...placed]
}

function mayWrite(path: string): void {
  try {
    opened(path, 'r+')
  } catch (error) {
    // Only while it runs: it may be written once it does not.
    if (!(error instanceof Error && 'code' in error && error.code === 'ETXTBSY')) throw error
  }
}
