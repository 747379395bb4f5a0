import { SeamError, throwIfAborted } from '@seamark/kit'
import type { CallOptions } from '@seamark/core'
import { constants } from 'node:fs'
import { chmod, mkdir, open, symlink } from 'node:fs/promises'
import type { BytePath } from './path-bytes.ts'
import { below, shown } from './path-bytes.ts'

const BLOCK = 512
const maxPaxBytes = 2 ** 20

export interface UntarOptions extends CallOptions {
  /** Lets everyone read what is unpacked, for a reader who is not its owner. */
  readonly readable?: boolean
  /** Lets its owner read and change all of it. */
  readonly owned?: boolean
}

/**
 * Unpacks a snapshot into an empty folder. Links are made last, so nothing is ever written through
 * one. Errors: `INTEGRITY` for bytes that `tarOf` does not write, or a path that leaves the folder.
 */
export async function untar(body: AsyncIterable<Uint8Array>, dir: string, options?: UntarOptions): Promise<void> {
  const all = options?.readable === true ? { folder: 0o555, file: 0o444 } : { folder: 0, file: 0 }
  const own = options?.owned === true ? { folder: 0o700, file: 0o600 } : { folder: 0, file: 0 }
  const least = { folder: all.folder | own.folder, file: all.file | own.file }
  const source = blocks(body)
  try {
    await unpack(source, dir, least, options)
    // To its last byte: only then does whoever gives them know that they are those that were stored.
    await source.end()
  } finally {
    await source.close()
  }
}

async function unpack(
  source: Blocks,
  dir: string,
  least: { readonly folder: number; readonly file: number },
  options: UntarOptions | undefined,
): Promise<void> {
  const folders: [BytePath, number][] = []
  const links: [BytePath, Buffer][] = []
  let pax = new Map<string, Buffer>()
  for (;;) {
    throwIfAborted(options?.signal)
    const header = await source.take(BLOCK)
    if (header.every((byte) => byte === 0)) break
    checkSum(header)
    const type = header.toString('latin1', 156, 157)
    const size = numberFrom(pax.get('size')?.toString('latin1') ?? octal(header, 124, 12))
    if (type === 'x') {
      if (size > maxPaxBytes) throw damaged('an extended header is too long')
      pax = paxRecords((await source.take(size)).toString('latin1'))
      await source.take((BLOCK - (size % BLOCK)) % BLOCK)
      continue
    }
    const path = checked(pax.get('path')?.toString('latin1') ?? textAt(header, 0, 100))
    const mode = numberFrom(octal(header, 100, 8)) & 0o777
    if (type === '5') {
      await mkdir(below(dir, path), { mode: 0o700 })
      folders.push([path, mode | least.folder])
    } else if (type === '2') links.push([path, pax.get('linkpath') ?? Buffer.from(textAt(header, 157, 100), 'latin1')])
    else if (type === '0') {
      const file = await open(
        below(dir, path),
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        0o600,
      )
      try {
        for (let left = size; left > 0;) {
          const chunk = await source.take(Math.min(left, 256 * 1024))
          await file.write(chunk)
          left -= chunk.length
        }
        await file.chmod(mode | least.file)
      } finally {
        await file.close()
      }
      await source.take((BLOCK - (size % BLOCK)) % BLOCK)
    } else throw damaged(`an entry of type ${type}`)
    pax = new Map()
  }
  for (const [path, target] of links) await symlink(target, below(dir, path))
  for (const [path, mode] of folders.reverse()) await chmod(below(dir, path), mode)
}

function checked(path: BytePath): BytePath {
  const plain = path.endsWith('/') ? path.slice(0, -1) : path
  if (
    plain === '' ||
    plain.includes('\0') ||
    plain.split('/').some((part) => part === '' || part === '.' || part === '..')
  )
    throw damaged(`the path ${shown(path)}`)
  return plain
}

function damaged(what: string): SeamError {
  return new SeamError('INTEGRITY', `A snapshot holds ${what}.`)
}

function checkSum(header: Buffer): void {
  const told = numberFrom(octal(header, 148, 8))
  let sum = 8 * 0x20
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0
  if (sum !== told) throw damaged('a header with a wrong checksum')
}

function textAt(header: Buffer, at: number, length: number): string {
  const text = header.toString('latin1', at, at + length)
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}

function octal(header: Buffer, at: number, length: number): string {
  const text = textAt(header, at, length).trim()
  if (!/^[0-7]+$/.test(text)) throw damaged('a number that is not octal')
  return String(parseInt(text, 8))
}

function numberFrom(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw damaged('a number that is not valid')
  return value
}

function paxRecords(text: string): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < text.length;) {
    const space = text.indexOf(' ', at)
    const length = numberFrom(text.slice(at, space))
    const record = text.slice(space + 1, at + length - 1)
    const equals = record.indexOf('=')
    if (space === -1 || equals === -1 || at + length > text.length || length === 0)
      throw damaged('a broken extended header')
    records.set(record.slice(0, equals), Buffer.from(record.slice(equals + 1), 'latin1'))
    at += length
  }
  return records
}

/** Reads a stream in pieces of a wanted size. */
interface Blocks {
  take(bytes: number): Promise<Buffer>
  /** Reads what is left, which is nothing but zeros. */
  end(): Promise<void>
  close(): Promise<void>
}

function blocks(body: AsyncIterable<Uint8Array>): Blocks {
  const iterator = body[Symbol.asyncIterator]()
  let rest = Buffer.alloc(0)
  return {
    async take(bytes) {
      const parts = [rest]
      let have = rest.length
      while (have < bytes) {
        const next = await iterator.next()
        if (next.done === true) throw damaged('less than its headers say')
        parts.push(Buffer.from(next.value))
        have += next.value.length
      }
      const all = parts.length === 1 ? rest : Buffer.concat(parts)
      rest = all.subarray(bytes)
      return all.subarray(0, bytes)
    },
    async end() {
      for (let left: Uint8Array = rest; ;) {
        if (left.some((byte) => byte !== 0)) throw damaged('something after its end')
        const next = await iterator.next()
        if (next.done === true) return
        left = next.value
      }
    },
    async close() {
      await iterator.return?.()
    },
  }
}
