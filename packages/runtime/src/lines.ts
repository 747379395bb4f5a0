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
      line.take(chunk, start, end)
      at += end - start
      start = end
      if (found === -1) continue
      at += 1
      start += 1
      const message = line.close()
      if (message !== undefined) yield { ...message, from, to: at }
      line = openLine()
      from = at
    }
  }
  // Without a newline a program was ended in the middle of it.
}

interface Line {
  take(chunk: Uint8Array, start: number, end: number): void
  close(): Pick<MessageLine, 'text' | 'cut'> | undefined
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

  const push = (byte: number) => {
    if (size === MESSAGE_BYTES) {
      long = true
      kept = Buffer.alloc(0)
      return
    }
    if (size === kept.byteLength) {
      const larger = Buffer.allocUnsafe(Math.min(MESSAGE_BYTES, Math.max(1024, size * 2)))
      kept.copy(larger)
      kept = larger
    }
    kept[size++] = byte
  }

  const inside = (byte: number) => {
    length++
    if (escape) {
      escape = false
      rest = byte === letterU ? 4 : 0
    } else if (rest > 0) rest--
    else if (byte === quote) {
      inString = false
      push(byte)
      return
    } else if ((byte & 0xc0) !== 0x80) {
      // The first byte of a character or an escape: the whole of it is kept, or nothing.
      keep = length <= STRING_BYTES
      cut ||= !keep
      escape = byte === backslash
    }
    if (keep) push(byte)
  }

  return {
    take(chunk, start, end) {
      if (start === end) return
      message ??= chunk[start] === brace
      if (!message) return
      for (let at = start; at < end && !long; at++) {
        const byte = chunk[at] ?? 0
        if (inString) inside(byte)
        else {
          push(byte)
          if (byte === quote) [inString, length, keep] = [true, 0, true]
        }
      }
    },
    close() {
      if (message !== true) return undefined
      return { text: long ? undefined : kept.toString('utf8', 0, size), cut }
    },
  }
}
