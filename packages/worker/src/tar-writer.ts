import type { CallOptions } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { constants } from 'node:fs'
import { open, readlink } from 'node:fs/promises'
import type { BytePath } from './path-bytes.ts'
import { below, bytesOf, shown } from './path-bytes.ts'
import { overLimit } from './run-git.ts'
import type { EntryCounter, WalkEntry } from './walk.ts'
import { walkTree } from './walk.ts'

export interface TarOptions extends CallOptions {
  readonly exclude: ReadonlySet<BytePath>
  readonly counter: EntryCounter
  readonly maxBytes: number
}

const BLOCK = 512
const types = { file: '0', folder: '5', link: '2', other: '0' } as const

/**
 * A folder as a tar stream (POSIX.1-2001 pax): names are bytes (`hdrcharset=BINARY` where they are
 * not plain ASCII), links are links, owners are left out. A pipe, socket or device becomes an empty
 * file with the pax attribute `SEAMARK.type`, so that nothing is left out silently.
 */
export async function* tarOf(dir: string, options: TarOptions): AsyncGenerator<Uint8Array> {
  let total = 0
  const count = (bytes: number, path: BytePath) => {
    total += bytes
    if (total > options.maxBytes) throw overLimit('bytes of a snapshot', options.maxBytes, shown(path))
  }
  for await (const entry of walkTree(dir, options.exclude, options.counter, options)) {
    const size = entry.kind === 'file' ? entry.stat.size : 0
    // Before anything is read: a sparse file can claim any size.
    count(size + 2 * BLOCK, entry.path)
    const target =
      entry.kind === 'link' ? await readlink(below(dir, entry.path), { encoding: 'buffer' }) : Buffer.alloc(0)
    yield headersOf(entry, target, size)
    if (size > 0) yield* content(dir, entry.path, size)
  }
  yield Buffer.alloc(2 * BLOCK)
}

async function* content(dir: string, path: BytePath, size: number): AsyncGenerator<Uint8Array> {
  const file = await open(below(dir, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    let left = size
    while (left > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(left, 256 * 1024))
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null)
      if (bytesRead === 0) throw new SeamError('UNAVAILABLE', `${shown(path)} became shorter while it was read.`)
      left -= bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
  yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

function headersOf(entry: WalkEntry, target: Buffer, size: number): Buffer {
  const name = bytesOf(entry.kind === 'folder' ? entry.path + '/' : entry.path)
  const records: Buffer[] = []
  const plain = (bytes: Buffer) => bytes.length <= 100 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  if (!plain(name) || !plain(target)) records.push(paxRecord('hdrcharset', Buffer.from('BINARY')))
  if (!plain(name)) records.push(paxRecord('path', name))
  if (!plain(target)) records.push(paxRecord('linkpath', target))
  if (size >= 8 ** 11) records.push(paxRecord('size', Buffer.from(String(size))))
  if (entry.kind === 'other') records.push(paxRecord('SEAMARK.type', Buffer.from(otherKind(entry))))
  const header = ustar({
    name: plain(name) ? name : Buffer.from('unnamed'),
    target: plain(target) ? target : Buffer.alloc(0),
    mode: entry.stat.mode & 0o777,
    size: size >= 8 ** 11 ? 0 : size,
    mtime: Math.max(0, Math.floor(entry.stat.mtimeMs / 1000)) % 8 ** 11,
    type: types[entry.kind],
  })
  if (records.length === 0) return header
  const pax = Buffer.concat(records)
  const padding = Buffer.alloc((BLOCK - (pax.length % BLOCK)) % BLOCK)
  const before = ustar({
    name: Buffer.from('pax'),
    target: Buffer.alloc(0),
    mode: 0o644,
    size: pax.length,
    mtime: 0,
    type: 'x',
  })
  return Buffer.concat([before, pax, padding, header])
}

function otherKind({ stat }: WalkEntry): string {
  if (stat.isFIFO()) return 'fifo'
  return stat.isSocket() ? 'socket' : 'device'
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = 3 + key.length + value.length
  let length = rest + String(rest).length
  if (String(length).length !== String(rest).length) length = rest + String(length).length
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')])
}

interface Header {
  readonly name: Buffer
  readonly target: Buffer
  readonly mode: number
  readonly size: number
  readonly mtime: number
  readonly type: string
}

function ustar({ name, target, mode, size, mtime, type }: Header): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1')
  name.copy(block, 0)
  octal(mode, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(size, 124, 11)
  octal(mtime, 136, 11)
  block.write(type, 156, 'latin1')
  target.copy(block, 157)
  block.write('ustar\u000000', 257, 'latin1')
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
