import { eachOrAbort } from '@seamark/kit'

/** What is held of a body at once, in bytes. */
export const PIECE_BYTES = 1_048_576

/**
 * A body in pieces of `PIECE_BYTES`, the last one shorter. A piece is valid until the next one is asked for. Where the signal
 * fires it ends with `ABORTED` at once, also while the body hangs.
 */
export async function* piecesOf(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let at = 0; at < body.byteLength; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES)
    return
  }
  const piece = new Uint8Array(PIECE_BYTES)
  let filled = 0
  for await (const chunk of eachOrAbort(body, signal)) {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + PIECE_BYTES - filled)
      piece.set(part, filled)
      filled += part.byteLength
      at += part.byteLength
      if (filled < PIECE_BYTES) continue
      yield piece
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
