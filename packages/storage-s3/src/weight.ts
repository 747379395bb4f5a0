/** What is allocated at a time: small enough to be among the young objects. */
const pieceBytes = 8_000
const template: readonly number[] = Array.from({ length: pieceBytes / 8 }, () => 0)
/** Bytes on the heap beside one byte of a chunk. Less: chunks grow old, and wait for a full collection. More: nothing gained. */
const heapBytesPerByte = 4

/**
 * Makes chunks from a socket weigh on V8's heap. V8 collects its young objects when so much was allocated on its heap, where
 * such a chunk takes next to nothing: those that were read and let go stay until 64 MB of them have gathered, and grow
 * further while V8 marks. Allocated beside them and let go at once, pieces of the heap have young objects collected after
 * every few megabytes of chunks, and what is read next goes into memory that is still in the processor's cache.
 */
export function heapWeight(): (chunkBytes: number) => void {
  // Held until the next one, so that no compiler leaves the allocation out.
  const held: { piece?: readonly number[] } = {}
  let due = 0
  return (chunkBytes) => {
    for (due += chunkBytes * heapBytesPerByte; due >= pieceBytes; due -= pieceBytes) held.piece = template.slice()
  }
}
