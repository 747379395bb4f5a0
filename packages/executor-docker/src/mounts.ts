import type { LaunchSpec, Mount } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { lchown, lstat, readdir, realpath, stat } from 'node:fs/promises'
import { isBelow } from './check-spec.ts'
import type { Settings } from './options.ts'

/** What a mount could be used through to rule the engine, the machine, or other attempts. */
const RULING = ['/run/docker', '/run/containerd', '/var/lib/containerd', '/proc', '/sys', '/dev']
const SOCKETS = ['/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock']

/**
 * Mounts by their real path, after a look at what they lead to. Nothing is given that holds or leads to the engine's
 * socket or its data: that would be root on this machine. `missing` names a source that is not there.
 *
 * Errors: `INVALID_INPUT`.
 */
export async function resolveMounts(
  { mounts }: LaunchSpec,
  { socketPath }: Settings,
  rootDir: string,
): Promise<{ readonly mounts: readonly Mount[]; readonly missing?: string }> {
  const sockets = await Promise.all([socketPath, ...SOCKETS].map(realpathOf))
  const inodes = await Promise.all([socketPath, ...SOCKETS].map(inodeOf))
  const ruling = (await Promise.all([rootDir, ...RULING].map(realpathOf))).filter((path) => path !== undefined)
  const resolved: Mount[] = []
  for (const [i, mount] of mounts.entries()) {
    const refuse = (why: string): never => {
      throw new SeamError('INVALID_INPUT', `The mount of ${mount.source} is refused: ${why}.`, {
        place: { pointer: `/mounts/${i}/source` },
        remedy: 'Mount a folder that holds only what the attempt may have.',
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
    resolved.push({ ...mount, source })
  }
  return { mounts: resolved }
}

/**
 * Gives what an attempt may write to its user, where this process is root: a whole tree, once, while its top has another
 * owner. Links are not followed. Read-only mounts in the data folder that its user can not read are given too.
 */
export async function handOver(mounts: readonly Mount[], { user, dir }: Settings): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const data = dir === undefined ? undefined : await realpathOf(dir)
  for (const { source, mode } of mounts) {
    const top = await lstat(source)
    if (top.uid === user.uid) continue
    const need = top.isDirectory() ? 5 : 4
    const readable = ((top.gid === user.gid ? top.mode >> 3 : top.mode) & need) === need
    if (mode === 'read-only' && (readable || data === undefined || !isBelow(source, data))) continue
    if (top.isDirectory()) await giveContent(Buffer.from(source), user)
    await lchown(source, user.uid, user.gid)
  }
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
