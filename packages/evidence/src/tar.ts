import { SeamError } from '@seamark/kit'
import { BUNDLE_LIMITS, type BundleFile } from './bundle.ts'

const block = 512
const zeros = new Uint8Array(block)

/**
 * A ustar archive (POSIX.1-1988) of which every byte follows from paths, sizes and bodies: mode 0644,
 * owner 0, time 0, two zero blocks at the end.
 *
 * Errors: `INVALID_INPUT` for a path over 100 bytes of ASCII, `LIMIT_EXCEEDED` for a file over 8 GiB,
 * `INTEGRITY` for a body of another size than said.
 */
export async function* writeTar(files: AsyncIterable<BundleFile> | Iterable<BundleFile>): AsyncGenerator<Uint8Array> {
  for await (const { path, size, body } of files) {
    yield tarHeader(path, size)
    let written = 0
    for await (const chunk of body) {
      written += chunk.length
      yield chunk
    }
    if (written !== size) throw new SeamError('INTEGRITY', `${path} has ${written} bytes, not ${size}.`)
    if (size % block !== 0) yield zeros.subarray(size % block)
  }
  yield zeros
  yield zeros
}

/**
 * Reads such an archive. A file's body must be read before the next file is asked for; what is left of it is skipped.
 * Errors: `INVALID_INPUT` where it does not begin as one, `INTEGRITY` for any other byte that `writeTar` would not have written.
 */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<BundleFile> {
  const input = byteReader(archive)
  for (let first = true; ; first = false) {
    const header = await input.exactly(block)
    if (header !== undefined && header.every((byte) => byte === 0) && !first) break
    const { path, size } = parseTarHeader(header, first)
    let left = size
    const body = async function* (): AsyncGenerator<Uint8Array> {
      while (left > 0) {
        const chunk = await input.some(left)
        if (chunk === undefined) throw damaged(`${path} is cut off`)
        left -= chunk.length
        yield chunk
      }
    }
    yield { path, size, body: body() }
    // The generator above is closed by a reader that stops early, so a fresh one skips the rest.
    for await (const _ of body());
    const padding = await input.exactly((block - (size % block)) % block)
    if (padding === undefined || padding.some((byte) => byte !== 0)) throw damaged(`the padding of ${path} is not zero`)
  }
  const end = await input.exactly(block)
  if (end === undefined || end.some((byte) => byte !== 0) || (await input.some(1)) !== undefined)
    throw damaged('it does not end in two zero blocks')
}

function tarHeader(path: string, size: number): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(path)) throw new SeamError('INVALID_INPUT', `The path ${path} does not fit a tar.`)
  if (!Number.isSafeInteger(size) || size < 0 || size > BUNDLE_LIMITS.tarFileBytes)
    throw new SeamError('LIMIT_EXCEEDED', `${path} has ${size} bytes; a tar holds files up to 8 GiB.`, {
      remedy: 'Export into a folder, or without artifacts.',
    })
  const header = Buffer.alloc(block)
  header.write(path, 0, 'latin1')
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100, 'latin1')
  header.write(size.toString(8).padStart(11, '0') + '\0' + '00000000000\0' + '        ' + '0', 124, 'latin1')
  header.write('ustar\0' + '00', 257, 'latin1')
  header.write('0000000\0' + '0000000\0', 329, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(sum.toString(8).padStart(6, '0') + '\0 ', 148, 'latin1')
  return header
}

function parseTarHeader(header: Uint8Array | undefined, first: boolean): { path: string; size: number } {
  const text = Buffer.from(header ?? []).toString('latin1')
  const path = text.slice(0, 100).replace(/\0+$/, '')
  const size = Number.parseInt(text.slice(124, 135), 8)
  let expected: Uint8Array | undefined
  try {
    expected = tarHeader(path, size)
  } catch {
    expected = undefined
  }
  if (header !== undefined && expected !== undefined && Buffer.compare(header, expected) === 0) return { path, size }
  if (first) throw new SeamError('INVALID_INPUT', 'It is not a tar that Seamark wrote.')
  throw damaged('a header is not as it was written')
}

function damaged(why: string): SeamError {
  return new SeamError('INTEGRITY', `The tar is damaged: ${why}.`)
}

interface ByteReader {
  /** So many bytes, or `undefined` where fewer are left. */
  exactly(size: number): Promise<Uint8Array | undefined>
  /** At least one and at most so many bytes, or `undefined` at the end. */
  some(size: number): Promise<Uint8Array | undefined>
}

function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)

  async function some(size: number): Promise<Uint8Array | undefined> {
    while (rest.length === 0) {
      const next = await chunks.next()
      if (next.done === true) return undefined
      rest = next.value
    }
    const chunk = rest.subarray(0, size)
    rest = rest.subarray(chunk.length)
    return chunk
  }

  return {
    some,
    async exactly(size) {
      const out = new Uint8Array(size)
      for (let filled = 0; filled < size;) {
        const chunk = await some(size - filled)
        if (chunk === undefined) return undefined
        out.set(chunk, filled)
        filled += chunk.length
      }
      return out
    },
  }
}
