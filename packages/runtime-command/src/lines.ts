import { stripVTControlCharacters } from 'node:util'

/** Longest text of a progress event, in bytes of the output. */
export const LINE_BYTES = 1024

/** One line of output. */
export interface Line {
  /** Its first bytes as text for people, without control characters; empty if nothing is left. */
  readonly text: string
  /** Offset of the byte after it. */
  readonly end: number
}

const newline = 10

function readable(bytes: Uint8Array, cut: boolean): string {
  // With `stream` a character that was cut in two at the end is left out, not replaced.
  const text = new TextDecoder().decode(bytes, { stream: cut })
  const clean = stripVTControlCharacters(text)
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
    .trim()
  return cut && clean !== '' ? clean + '…' : clean
}

/** Takes output apart into lines, however it was cut into chunks, in constant memory. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Line> {
  const kept = Buffer.alloc(LINE_BYTES)
  let length = 0
  let offset = from
  const take = (part: Uint8Array) => {
    if (length < LINE_BYTES) kept.set(part.subarray(0, LINE_BYTES - length), length)
    length += part.byteLength
  }
  const line = (): Line => {
    const text = readable(kept.subarray(0, Math.min(length, LINE_BYTES)), length > LINE_BYTES)
    length = 0
    return { text, end: offset }
  }
  for await (const chunk of chunks) {
    let at = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, at)) {
      take(chunk.subarray(at, end))
      offset += end + 1 - at
      at = end + 1
      yield line()
    }
    take(chunk.subarray(at))
    offset += chunk.byteLength - at
  }
  if (length > 0) yield line()
}
