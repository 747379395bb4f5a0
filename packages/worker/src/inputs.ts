import type { CallOptions, InputRef } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { chmod, mkdir, open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Blobs } from './blobs.ts'
import { untar } from './tar-reader.ts'

/**
 * Lays out what an item needs, each in a folder of its name: a patch as the file `patch`, an output
 * under its own base name, a workspace as its tree.
 */
export async function placeInputs(
  inputs: readonly InputRef[],
  dir: string,
  blobs: Blobs,
  options?: CallOptions,
): Promise<void> {
  for (const input of inputs) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(input.name))
      throw new SeamError('INVALID_INPUT', `${JSON.stringify(input.name.slice(0, 80))} is not the name of an input.`)
    const folder = join(dir, input.name)
    await mkdir(folder)
    // Readable by the sandbox's user, who owns none of it.
    await chmod(folder, 0o755)
    const body = blobs.fetch(input.blob, options)
    if (input.select === 'workspace') await untar(body, folder, { ...options, readable: true })
    else await writeBody(join(folder, input.select === 'patch' ? 'patch' : basename(input.path ?? 'output')), body)
  }
}

async function writeBody(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of body) await file.writeFile(chunk)
    await file.chmod(0o444)
  } finally {
    await file.close()
  }
}
