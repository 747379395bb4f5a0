import type { LaunchSpec, Mount } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { mayRead } from '@seamark/supervisor'
import { lchown, lstat, readdir, realpath, stat } from 'node:fs/promises'
import { isBelow } from './check-spec.ts'
import type { Settings } from './options.ts'

/** What a mount could be used through to rule the engine, the machine, or other attempts. */
const RULING = ['/run/docker', '/run/containerd', '/var/lib/containerd', '/proc', '/sys', '/dev']
const SOCKETS = ['/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock']

/**
 * Mounts by their real path, after a look at what they lead to. Nothing is given that holds or leads to the engine's
 * socket or its data: that would be root on this machine. What the attempt's user could not read is refused too, where it
 * will not be given to that user. `missing` names a source that is not there.
 *
 * Errors: `INVALID_INPUT`.
 */
export async function resolveMounts(
  { mounts }: LaunchSpec,
  { socketPath, user, dir }: Settings,
  rootDir: string,
): Promise<{ readonly mounts: readonly Mount[]; readonly missing?: string }> {
  const sockets = await Promise.all([socketPath, ...SOCKETS].map(realpathOf))
  const inodes = await Promise.all([socketPath, ...SOCKETS].map(inodeOf))
  const ruling = (await Promise.all([rootDir, ...RULING].map(realpathOf))).filter((path) => path !== undefined)
  const data = await dataFolder(dir)
  const resolved: Mount[] = []
  for (const [i, mount] of mounts.entries()) {
    const refuse = (why: string, remedy = 'Mount a folder that holds only what the attempt may have.'): never => {
      throw new SeamError('INVALID_INPUT', `The mount of ${mount.source} is refused: ${why}.`, {
        place: { pointer: `/mounts/${i}/source` },
        remedy,
      })
    }
    const source = await realpathOf(mount.source)
    if (source === undefined) return { mounts: [], missing: mount.source }
    const inode = await inodeOf(source)
    if (inodes.some((socket) => socket !== undefined && socket === inode)) refuse('it is the socket of an engine')
    for (const path of sockets)
      if (path !== undefined && isBelow(path, source)) refuse('the socket of an engine is in it')
    for (const path of ruling)
      if (isBelow(path, source) || isBelow(source, path)) refuse(`it leads to ${path}, which rules this machine`)
    if (mount.mode === 'read-write' && source !== mount.source.replace(/(?<=.)\/$/, ''))
      refuse('what may be written must be named by its real path')
    if (mount.mode === 'read-only' && isRoot() && !(await isOpen(source, user, data)))
      refuse(
        `the attempt's user (uid ${user.uid}) can not read it`,
        'Let that user read it; where it is in the data folder of the service, name that folder with `dir`.',
      )
    resolved.push({ ...mount, source })
  }
  return { mounts: resolved }
}

/**
 * Gives what an attempt may write to its user, where this process is root: a whole tree, once, while its top has another
 * owner. Links are not followed. Read-only mounts in the data folder that its user can not read are given too.
 */
export async function handOver(mounts: readonly Mount[], { user, dir }: Settings): Promise<void> {
  if (!isRoot()) return
  const data = await dataFolder(dir)
  for (const { source, mode } of mounts) {
    const top = await lstat(source)
    if (top.uid === user.uid) continue
    if (mode === 'read-only' && (mayRead(top, user) || data === undefined || !isBelow(source, data))) continue
    if (top.isDirectory()) await giveContent(Buffer.from(source), user)
    await lchown(source, user.uid, user.gid)
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}

async function dataFolder(dir: string | undefined): Promise<string | undefined> {
  return dir === undefined ? undefined : realpathOf(dir)
}

/** Whether the attempt's user can read what is mounted, or will be given it. */
async function isOpen(source: string, user: Settings['user'], data: string | undefined): Promise<boolean> {
  return mayRead(await lstat(source), user) || (data !== undefined && isBelow(source, data))
}

// Names are bytes: a repository may hold some that are not UTF-8.
async function giveContent(folder: Buffer, user: Settings['user']): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name])
    if (entry.isDirectory()) await giveContent(path, user)
    await lchown(path, user.uid, user.gid)
  }
}

function realpathOf(path: string): Promise<string | undefined> {
  return absentIfMissing(realpath(path))
}

async function inodeOf(path: string): Promise<string | undefined> {
  const found = await absentIfMissing(stat(path, { bigint: true }))
  return found === undefined ? undefined : `${found.dev}:${found.ino}`
}

async function absentIfMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new SeamError('INVALID_INPUT', `A mount can not be looked at (${code ?? 'unknown error'}).`, {
      cause: error,
      place: { pointer: '/mounts' },
      remedy: 'Mount what the user of the service may reach.',
    })
  }
}
