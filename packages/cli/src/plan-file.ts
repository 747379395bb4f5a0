import { open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fromSystemError, SeamError } from '@seamark/kit'
import type { PlanFormat } from '@seamark/protocol'

/** A plan as it is in a file, or on standard input for `-`. */
export interface PlanFile {
  /** As people know it. */
  readonly file: string
  readonly bytes: Uint8Array
  readonly format: PlanFormat
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
    return planOf(name, await read(handle.createReadStream({ autoClose: false }), name), basename(path))
  } catch (error) {
    throw fromSystemError(error, `Reading the plan ${name}`)
  }
}

function planOf(file: string, bytes: Uint8Array, name: string): PlanFile {
  const json =
    name.endsWith('.json') || (name === '' && /^\s*[{[]/.test(Buffer.from(bytes.subarray(0, 200)).toString()))
  return { file, bytes, format: json ? 'json' : 'yaml' }
}

async function read(stream: AsyncIterable<string | Uint8Array>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    size += bytes.byteLength
    if (size > maxBytes) throw new SeamError('LIMIT_EXCEEDED', `The plan ${name} is larger than ${maxBytes} bytes.`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
