import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync, rmSync, symlinkSync } from 'node:fs'
import { ran } from './programs.ts'
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
const settings = ['/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/sys/kernel/uevent_helper']
/** What every program may have: none of them is a part of the machine. */
const ordinary = new Set(['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'console'])
const secrets = ['/proc/kcore', '/sys/firmware', '/sys/kernel/debug', '/boot']

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
  'file/read-accounts': {
    about: 'It sees accounts, private keys, homes or the socket of a container engine.',
    run: () => first(accounts, seen),
  },
  'file/write-host': {
    about: 'It makes a file outside its workspace.',
    run: ({ folders }) =>
      first([...folders, ...system], (folder) => {
        opened(`${folder}/${name('file')}`, 'wx')
        rmSync(`${folder}/${name('file')}`)
      }),
  },
  'file/write-kernel': {
    about: 'It changes a setting of the kernel.',
    run: () => first(settings, (path) => opened(path, 'r+')),
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
  'file/kernel-memory': {
    about: 'It sees memory, firmware or debugging files of the kernel.',
    run: () => first(secrets, seen),
  },
}

/** Ids of the processes that are seen inside. */
export function processes(): string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
}

/** Whether a folder has entries, or a file bytes. */
function seen(path: string): boolean {
  try {
    return readdirSync(path).length > 0
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) throw error
  }
  const file = openSync(path, 'r')
  try {
    return readSync(file, Buffer.alloc(16)) > 0
  } finally {
    closeSync(file)
  }
}
