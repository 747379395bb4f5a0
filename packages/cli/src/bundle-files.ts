import { createReadStream } from 'node:fs'
import { lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compareFiles, fileRank, readTar } from '@seamark/evidence'
import type { BundleFile } from '@seamark/evidence'
import { fromSystemError, SeamError, systemCode } from '@seamark/kit'
import { makeNamedFolder } from './make-folder.ts'

/** The files of a bundle, from a tar or a folder, in their order. Errors: `NOT_FOUND`, `FORBIDDEN`, and those of a stream. */
export async function openBundle(path: string): Promise<AsyncIterable<BundleFile>> {
  const found = await lstat(path).catch((error: unknown) => {
    throw fromSystemError(error, `Reading the bundle ${path}`)
  })
  return found.isDirectory() ? folderFiles(path) : readTar(createReadStream(path))
}

async function* folderFiles(folder: string): AsyncGenerator<BundleFile> {
  const paths = await regularPaths(folder)
  // What can not be in a bundle comes last: it is judged, after what makes it one was read.
  const known = paths.filter((path) => fileRank(path) >= 0).toSorted(compareFiles)
  const others = paths.filter((path) => fileRank(path) < 0).toSorted()
  for (const path of [...known, ...others]) {
    const place = join(folder, path)
    const found = await lstat(place)
    // A link or a device is no file of a bundle; without its bytes it fails the digest.
    if (!found.isFile()) yield { path, size: 0, body: nothing() }
    else yield { path, size: found.size, body: contentOf(place) }
  }
}

async function regularPaths(folder: string): Promise<string[]> {
  const paths: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const place = join(entry.parentPath, entry.name)
    if (!entry.isDirectory()) paths.push(place.slice(folder.length + (folder.endsWith('/') ? 0 : 1)))
  }
  return paths
}

// Opened when it is read: a reader may stop before it comes to this file.
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) if (chunk instanceof Uint8Array) yield chunk
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Writes a bundle into a new or empty folder. Errors: `CONFLICT` for a folder that holds something. */
export async function writeFolder(folder: string, files: AsyncIterable<BundleFile>): Promise<number> {
  const present = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw fromSystemError(error, `Writing into ${folder}`)
  })
  if (present.length > 0)
    throw new SeamError('CONFLICT', `The folder ${folder} is not empty.`, { remedy: 'Name a new folder.' })
  let written = 0
  for await (const { path, body } of files) {
    // Names come from the service, and the archive could hold any.
    if (fileRank(path) < 0) throw new SeamError('INTEGRITY', `A bundle holds no file ${JSON.stringify(path)}.`)
    await makeNamedFolder(dirname(join(folder, path)))
    written += await writeNew(join(folder, path), body)
  }
  return written
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const temp = `${path}.${process.pid}.part`
  try {
    const written = await writeNew(temp, bytes)
    await rename(temp, path)
    return written
  } catch (error) {
    await rm(temp, { force: true })
    throw fromSystemError(error, `Writing ${path}`)
  }
}

async function writeNew(path: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  await using handle = await open(path, 'w', 0o600)
  let written = 0
  for await (const chunk of bytes) {
    await handle.writeFile(chunk)
    written += chunk.byteLength
  }
  await handle.sync()
  return written
}
