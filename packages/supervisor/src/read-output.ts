import type { OutputStream } from '@seamark/core'
import { orAbort, SeamError, systemCode, throwIfAborted } from '@seamark/kit'
import { open, type FileHandle } from 'node:fs/promises'
import type { SupervisorClient } from './client.ts'
import { fields, number } from './fields.ts'
import { outputPath, type Layout } from './paths.ts'

const chunkBytes = 64 * 1024

/** The bytes of one stream, read from its file; the supervisor only says how far the file has come. */
export async function* readOutput(
  client: SupervisorClient,
  layout: Layout,
  launchId: string,
  stream: OutputStream,
  fromByte: number,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  if (!Number.isSafeInteger(fromByte) || fromByte < 0)
    throw new SeamError('INVALID_INPUT', 'The offset is not a whole number of bytes.')
  let file: FileHandle | undefined
  try {
    for (let offset = fromByte; ;) {
      const answer = fields(await client.ask({ op: 'progress', launchId, stream, beyond: offset }, signal), 'progress')
      const size = number(answer, 'size')
      if (size > offset) file ??= await openFile(layout, launchId, stream)
      while (file !== undefined && offset < size) {
        throwIfAborted(signal)
        const { bytesRead, buffer } = await orAbort(
          file.read(new Uint8Array(Math.min(chunkBytes, size - offset)), 0, undefined, offset),
          signal,
        )
        if (bytesRead === 0)
          throw new SeamError(
            'INTEGRITY',
            `The output of ${launchId} is shorter than it was: ${offset} of ${size} bytes.`,
          )
        offset += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
      if (answer['ended'] === true) return
    }
  } finally {
    await file?.close()
  }
}

async function openFile(layout: Layout, launchId: string, stream: OutputStream): Promise<FileHandle> {
  try {
    return await open(outputPath(layout, launchId, stream), 'r')
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      throw new SeamError('NOT_FOUND', `The launch ${launchId} was reaped.`, { cause: error })
    throw error
  }
}
