import { stripVTControlCharacters } from 'node:util'

/** Longest text of a progress event, in bytes of the output. */
export const LINE_BYTES = 1024

/** A place in the output, and what is told there. */
export interface Told {
  /** First bytes of the line that ends there, as text for people, without control characters; may be empty. */
  readonly text: string
  /** Offset of the byte after it. */
  readonly offset: number
  /** Lines before that byte. */
  readonly lines: number
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

/**
 * The first line from `line` on, counted from 0, that is told. The first 1,000 are, then every 10th up to
 * 10,000, then every 100th, and so on: at most 900 for each further digit, whatever the speed.
 */
function nextTold(line: number): number {
  const step = 10 ** Math.max(0, String(line).length - 3)
  return Math.ceil(line / step) * step
}

/**
 * The lines that are told, however the output was cut into chunks, in constant memory; at the end the place where the
 * output ends, with an empty text. A line that is not told costs no more than its bytes: a program may print many
 * millions, and all runs share this thread.
 */
export async function* toldLines(
  chunks: AsyncIterable<Uint8Array>,
  from: { readonly offset: number; readonly lines: number },
): AsyncGenerator<Told> {
  const kept = Buffer.alloc(LINE_BYTES)
  let { offset, lines } = from
  let told = nextTold(lines)
  let length = 0
  const take = (part: Uint8Array) => {
    if (lines === told && length < LINE_BYTES) kept.set(part.subarray(0, LINE_BYTES - length), length)
    length += part.byteLength
  }
  const line = (): Told => {
    const text = readable(kept.subarray(0, Math.min(length, LINE_BYTES)), length > LINE_BYTES)
    length = 0
    told = nextTold(++lines)
    return { text, offset, lines }
  }
  for await (const chunk of chunks) {
    let at = 0
    for (let end = 0; end < chunk.byteLength; end++) {
      if (chunk[end] !== newline) continue
      const start = at
      at = end + 1
      offset += at - start
      if (lines === told) {
        take(chunk.subarray(start, end))
        yield line()
      } else {
        length = 0
        lines++
      }
    }
    take(chunk.subarray(at))
    offset += chunk.byteLength - at
  }
  if (length > 0 && lines === told) yield line()
  else if (length > 0) lines++
  yield { text: '', offset, lines }
}
