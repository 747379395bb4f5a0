import { open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fromSystemError, SeamError } from '@seamark/kit'
import type { JoinedPlan, PlanFormat } from '@seamark/protocol'

/** A plan as it is in a file, or on standard input for `-`. */
export interface PlanFile {
  /** As people know it. */
  readonly file: string
  readonly bytes: Uint8Array
  readonly format: PlanFormat
  /** Where it is; absent for standard input. */
  readonly path?: string
  /** What is wrong with a plan of several files, in the file in which it was written. */
  readonly placed?: JoinedPlan['placed']
}

// The service has its own, lower limits for each format; this one keeps a device or a disk image out of memory.
const maxBytes = 65 * 1024 * 1024

/** Errors: `NOT_FOUND`, `FORBIDDEN`, `INVALID_INPUT` for a folder, `LIMIT_EXCEEDED`. */
export async function readPlanFile(cwd: string, name: string): Promise<PlanFile> {
  if (name === '-') return planOf('standard input', await read(process.stdin, 'standard input'), '')
  const path = resolve(cwd, name)
  try {
    await using handle = await open(path, 'r')
    if ((await handle.stat()).isDirectory())
      throw new SeamError('INVALID_INPUT', `${name} is a folder, not a plan.`, { remedy: 'Name the file of the plan.' })
    const bytes = await read(handle.createReadStream({ autoClose: false }), name)
    return { ...planOf(name, bytes, basename(path)), path }
  } catch (error) {
    throw fromSystemError(error, `Reading the plan ${name}`)
  }
}

export function planOf(file: string, bytes: Uint8Array, name: string): PlanFile {
  const json =
    name.endsWith('.json') || (name === '' && /^\s*[{[]/.test(Buffer.from(bytes.subarray(0, 200)).toString()))
  return { file, bytes, format: json ? 'json' : 'yaml' }
}

function read(stream: AsyncIterable<string | Uint8Array>, name: string): Promise<Uint8Array> {
  return readAtMost(stream, maxBytes, `The plan ${name} is larger than ${maxBytes} bytes.`)
}

/** Errors: `LIMIT_EXCEEDED`, in these words. */
export async function readAtMost(
  stream: AsyncIterable<string | Uint8Array>,
  most: number,
  otherwise: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    size += bytes.byteLength
    if (size > most) throw new SeamError('LIMIT_EXCEEDED', otherwise)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
