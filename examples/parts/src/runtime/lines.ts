/** What is kept of a line, in bytes. */
const KEPT_BYTES = 1024

/** A line, or its beginning, and the offset of the byte after it. */
export interface Line {
  readonly text: string
  readonly offset: number
}

/** The lines of an output from an offset on, however it is cut into chunks, in constant memory. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Line> {
  const kept = new Uint8Array(KEPT_BYTES)
  let length = 0
  let offset = from
  const take = (part: Uint8Array): void => {
    if (length < KEPT_BYTES) kept.set(part.subarray(0, KEPT_BYTES - length), length)
    length += part.byteLength
    offset += part.byteLength
  }
  const line = (): Line => {
    const text = new TextDecoder().decode(kept.subarray(0, Math.min(length, KEPT_BYTES)))
    length = 0
    return { text, offset }
  }
  for await (const chunk of chunks) {
    let at = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, at)) {
      take(chunk.subarray(at, end))
      offset += 1
      at = end + 1
      yield line()
    }
    take(chunk.subarray(at))
  }
  if (length > 0) yield line()
}
