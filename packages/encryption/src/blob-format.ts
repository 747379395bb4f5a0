import { SeamError } from '@seamark/kit'
import { MAX_WRAPPED_BYTES, requireWrapped, SALT_BYTES, TAG_BYTES } from './envelope.ts'

// A stored blob: a header of 512 bytes, then pieces of 64 KiB and their tags, the last of which may be shorter. The
// sizes are fixed, so that a plaintext's size follows from the stored one, and its ranges from places in it.

export const PIECE_BYTES: number = 64 * 1024
export const HEADER_BYTES = 512
const STORED_PIECE = PIECE_BYTES + TAG_BYTES
const MAGIC = Buffer.from('SMKBLOB1', 'latin1')

export interface BlobHeader {
  readonly wrapped: Uint8Array
  readonly salt: Uint8Array
}

/** Magic, salt, length and bytes of the wrapped key, zeros. */
export function blobHeader({ wrapped, salt }: BlobHeader): Buffer {
  requireWrapped(wrapped)
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.set(salt, MAGIC.length)
  header.writeUInt16BE(wrapped.length, MAGIC.length + SALT_BYTES)
  header.set(wrapped, MAGIC.length + SALT_BYTES + 2)
  return header
}

/** Errors: `INTEGRITY` for what is no header. */
export function parseBlobHeader(key: string, header: Buffer): BlobHeader {
  const at = MAGIC.length + SALT_BYTES + 2
  const length = header.length === HEADER_BYTES ? header.readUInt16BE(at - 2) : 0
  const whole =
    header.length === HEADER_BYTES &&
    header.subarray(0, MAGIC.length).equals(MAGIC) &&
    length > 0 &&
    length <= MAX_WRAPPED_BYTES &&
    header.subarray(at + length).every((byte) => byte === 0)
  if (!whole) throw notOurs(key)
  return { salt: header.subarray(MAGIC.length, at - 2), wrapped: header.subarray(at, at + length) }
}

/** How many pieces a plaintext has: at least one, which may be empty. */
function piecesOf(size: number): number {
  return Math.max(1, Math.ceil(size / PIECE_BYTES))
}

export function storedSize(size: number): number {
  return HEADER_BYTES + size + TAG_BYTES * piecesOf(size)
}

/** Errors: `INTEGRITY` for a size that no stored blob has. */
export function plainSize(key: string, stored: number): number {
  const body = stored - HEADER_BYTES
  const size = body - TAG_BYTES * Math.max(1, Math.ceil(body / STORED_PIECE))
  if (size < 0 || storedSize(size) !== stored) throw notOurs(key)
  return size
}

/** Where the pieces are that a range of the plaintext needs; `end` exclusive. */
export interface PieceSpan {
  /** Index of the first piece. */
  readonly first: number
  /** Number of pieces of the whole blob. */
  readonly pieces: number
  /** Place in the stored object. */
  readonly start: number
  readonly end: number
}

/** For a range within the plaintext; one that is empty, at its beginning, needs the first piece. */
export function spanOf(size: number, start: number, end: number): PieceSpan {
  const first = Math.floor(start / PIECE_BYTES)
  const after = Math.max(first + 1, Math.ceil(end / PIECE_BYTES))
  const pieces = piecesOf(size)
  return {
    first,
    pieces,
    start: HEADER_BYTES + first * STORED_PIECE,
    end: after >= pieces ? storedSize(size) : HEADER_BYTES + after * STORED_PIECE,
  }
}

/** The stored bytes in pieces, whatever the chunks that they come in. */
export async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(STORED_PIECE)
  let filled = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(chunk.length - at, STORED_PIECE - filled)
      piece.set(chunk.subarray(at, at + count), filled)
      filled += count
      at += count
      if (filled < STORED_PIECE) continue
      yield piece
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}

export function notOurs(key: string): SeamError {
  return new SeamError('INTEGRITY', `The stored object ${key} is not one that was encrypted here.`, {
    remedy: 'Restore it from a backup. Objects from before encryption are copied through the encrypted storage first.',
  })
}
