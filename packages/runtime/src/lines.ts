/** Longest string of a message that is kept, in bytes of the output. */
export const STRING_BYTES: number = 16 * 1024
/** Longest message, with its strings shortened. */
export const MESSAGE_BYTES: number = 1024 * 1024

/** One line of the output that begins like a message. */
export interface MessageLine {
  /** JSON as it was written, but for strings that were shortened; `undefined` where it is too long even so. */
  readonly text: string | undefined
  /** Whether a string was shortened. */
  readonly cut: boolean
  /** Offset of its first byte. */
  readonly from: number
  /** Offset of the byte after its newline. */
  readonly to: number
}

const [newline, quote, backslash, brace, letterU] = [10, 34, 92, 123, 117]

/**
 * The lines that begin with `{`, however the output was cut into chunks, in constant memory: a message may hold a file of 20 MB,
 * of which nothing is needed here. What an agent writes besides is passed over.
 */
export async function* messageLines(chunks: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<MessageLine> {
  let line = openLine()
  let from = offset
  let at = offset
  for await (const chunk of chunks) {
    let start = 0
    while (start < chunk.byteLength) {
      const found = chunk.indexOf(newline, start)
      const end = found === -1 ? chunk.byteLength : found
      // No string of it can be too long: most lines are not looked through.
      const short = found !== -1 && at === from && end - start <= STRING_BYTES
      if (!short) line.take(chunk, start, end)
      at += end - start
      const begin = start
      start = end
      if (found === -1) continue
      at += 1
      start += 1
      const message = short ? wholeLine(chunk, begin, end) : line.close()
      if (message !== undefined) yield { ...message, from, to: at }
      if (!short) line = openLine()
      from = at
    }
  }
  // Without a newline a program was ended in the middle of it.
}

interface Line {
  take(chunk: Uint8Array, start: number, end: number): void
  close(): Pick<MessageLine, 'text' | 'cut'> | undefined
}

function wholeLine(chunk: Uint8Array, start: number, end: number): ReturnType<Line['close']> {
  if (chunk[start] !== brace) return undefined
  return { text: Buffer.from(chunk.buffer, chunk.byteOffset + start, end - start).toString('utf8'), cut: false }
}

function openLine(): Line {
  let kept: Buffer = Buffer.alloc(0)
  let size = 0
  let message: boolean | undefined
  let long = false
  let cut = false
  let inString = false
  /** Bytes of the string so far. */
  let length = 0
  /** Bytes that an escape still has. */
  let rest = 0
  let escape = false
  let keep = true

  const push = (chunk: Uint8Array, from: number, to: number) => {
    const wanted = size + to - from
    if (wanted > MESSAGE_BYTES) {
      long = true
      kept = Buffer.alloc(0)
      return
    }
    if (wanted > kept.byteLength) {
      const larger = Buffer.allocUnsafe(Math.min(MESSAGE_BYTES, Math.max(1024, wanted * 2)))
      kept.copy(larger, 0, 0, size)
      kept = larger
    }
    kept.set(chunk.subarray(from, to), size)
    size = wanted
  }

  /** Takes what is outside of strings, and the quote that begins one. Returns where it ended. */
  const outside = (chunk: Uint8Array, from: number, end: number): number => {
    const found = chunk.indexOf(quote, from)
    const inside = found !== -1 && found < end
    const to = inside ? found + 1 : end
    push(chunk, from, to)
    if (inside) [inString, length, keep] = [true, 0, true]
    return to
  }

  /** Where the string ends, at its quote, or `end`. */
  const scan = (chunk: Uint8Array, from: number, end: number): number => {
    for (let at = from; at < end; at++) {
      const byte = chunk[at]
      if (rest > 0) rest--
      else if (escape) {
        escape = false
        rest = byte === letterU ? 4 : 0
      } else if (byte === backslash) escape = true
      else if (byte === quote) return at
    }
    return end
  }

  /** Takes what is inside of a string, and the quote that ends it. Returns where it ended. */
  const inside = (chunk: Uint8Array, from: number, end: number): number => {
    let at = from
    if (keep) {
      at = scan(chunk, from, Math.min(end, from + Math.max(0, STRING_BYTES - length)))
      // An escape or a character whose first byte is kept is kept whole.
      while (at < end && (rest > 0 || escape || ((chunk[at] ?? 0) & 0xc0) === 0x80)) at = scan(chunk, at, at + 1)
      push(chunk, from, at)
      length += at - from
      if (at === end) return end
    }
    if (chunk[at] !== quote || rest > 0 || escape) {
      keep = false
      cut = true
      at = scan(chunk, at, end)
      if (at === end) return end
    }
    inString = false
    push(chunk, at, at + 1)
    return at + 1
  }

  return {
    take(chunk, start, end) {
      if (start === end) return
      message ??= chunk[start] === brace
      if (!message) return
      for (let at = start; at < end && !long;) at = inString ? inside(chunk, at, end) : outside(chunk, at, end)
    },
    close() {
      if (message !== true) return undefined
      return { text: long ? undefined : kept.toString('utf8', 0, size), cut }
    },
  }
}
