import type { CallOptions } from '@seamark/core'
import { SeamError, systemCode, throwIfAborted } from '@seamark/kit'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { Readable } from 'node:stream'
import type { GitTools } from './git-tools.ts'
import type { LfsFiles, LfsObject } from './lfs-object.ts'
import { fetchLfs, missing } from './lfs-server.ts'
import { openPlain, readThrough } from './plain-file.ts'
import { removeTree } from './remove-tree.ts'

/** Where an object is below git's folder of a repository: as git-lfs has it. */
export function objectPath(gitDir: string, { sha256 }: LfsObject): string {
  return join(gitDir, 'lfs', 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
}

/**
 * Brings the objects of these files that a mirror has not into it, from where they come. Each is there whole, with the bytes of its digest, or not at all;
 * they go with the mirror.
 *
 * Errors: `NOT_FOUND`, `FORBIDDEN`, `INTEGRITY` (bytes of another digest), `UNAVAILABLE`, `ABORTED`.
 */
export async function ensureLfs(
  { mirrors, transport }: Pick<GitTools, 'mirrors' | 'transport'>,
  gitDir: string,
  address: string,
  files: LfsFiles,
  options?: CallOptions,
): Promise<void> {
  if (files.size === 0) return
  const temp = join(gitDir, 'lfs', 'tmp')
  await mirrors.alone(join(gitDir, 'lfs'), async () => {
    const wanted = new Map<string, LfsObject>()
    for (const { object } of files.values())
      if (!wanted.has(object.sha256) && !(await isKept(gitDir, object))) wanted.set(object.sha256, object)
    if (wanted.size === 0) return
    // What a kill left.
    await removeTree(temp)
    await mkdir(temp, { recursive: true, mode: 0o700 })
    const take = (object: LfsObject, body: AsyncIterable<Uint8Array>) => keep(gitDir, temp, object, body)
    try {
      // No server is asked for nothing.
      for (const object of [...wanted.values()].filter(({ size }) => size === 0)) {
        await take(object, Readable.from([]))
        wanted.delete(object.sha256)
      }
      if (isAbsolute(address)) await copyLocal(address, [...wanted.values()], take, options)
      else await fetchLfs(address, [...wanted.values()], transport, take, options)
    } finally {
      await removeTree(temp)
    }
  })
}

async function isKept(gitDir: string, object: LfsObject): Promise<boolean> {
  try {
    return (await stat(objectPath(gitDir, object))).size === object.size
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

async function copyLocal(
  repository: string,
  objects: readonly LfsObject[],
  take: (object: LfsObject, body: AsyncIterable<Uint8Array>) => Promise<void>,
  options?: CallOptions,
): Promise<void> {
  for (const object of objects) {
    throwIfAborted(options?.signal)
    const file = await openPlain(objectPath(repository, object))
    if (file === undefined)
      throw missing(
        `The object ${object.sha256} of Git LFS in ${repository}`,
        'Fetch it in that repository with `git lfs fetch`, or take out workspace.lfs.',
      )
    try {
      await take(object, readThrough(file))
    } finally {
      await file.close()
    }
  }
}

/** Durable before it can be found, so that a size says that it is whole. */
async function keep(gitDir: string, temp: string, object: LfsObject, body: AsyncIterable<Uint8Array>): Promise<void> {
  const path = join(temp, randomUUID())
  const hash = createHash('sha256')
  let size = 0
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const piece of body) {
      size += piece.length
      // Before it is on the disk: more than was promised could be any amount.
      if (size > object.size) break
      hash.update(piece)
      await file.writeFile(piece)
    }
    await file.datasync()
  } finally {
    await file.close()
  }
  if (size !== object.size || hash.digest('hex') !== object.sha256)
    throw new SeamError('INTEGRITY', `The object ${object.sha256} of Git LFS has other bytes than its digest says.`, {
      remedy: 'Put the object right where the repository keeps it: `git lfs fsck` names what is wrong.',
    })
  const to = objectPath(gitDir, object)
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await rename(path, to)
}
