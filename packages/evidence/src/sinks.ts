/** Takes a file's bytes as they come. It never throws: what is wrong becomes a check. */
export interface Sink {
  write(chunk: Uint8Array): void
  end(): void
}

/** Gathers a whole file, up to a limit. */
export function wholeFile(maxBytes: number, done: (bytes: Uint8Array) => void, tooLarge: () => void): Sink {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    write(chunk) {
      size += chunk.length
      if (size > maxBytes) chunks.length = 0
      else chunks.push(chunk)
    },
    end() {
      if (size > maxBytes) tooLarge()
      else done(Buffer.concat(chunks))
    },
  }
}

const newline = 0x0a

export interface LineReader {
  /** Gets each line without its newline. `false`: no more lines are wanted. */
  line(bytes: Uint8Array): boolean
  /** A line is over the limit. */
  tooLong(): void
  /** The file has ended; `whole` unless its last line has no newline. */
  end(whole: boolean): void
}

/** Splits a file into lines of at most `maxBytes`, in constant memory. */
export function lines(maxBytes: number, reader: LineReader): Sink {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  let open = true

  function take(tail: Uint8Array): void {
    const line = pending.length === 0 ? tail : Buffer.concat([...pending, tail])
    pending = []
    pendingBytes = 0
    open = reader.line(line)
  }

  return {
    write(chunk) {
      let start = 0
      while (open && start < chunk.length) {
        const stop = chunk.indexOf(newline, start)
        const part = chunk.subarray(start, stop < 0 ? chunk.length : stop)
        if (pendingBytes + part.length > maxBytes) {
          reader.tooLong()
          open = false
        } else if (stop < 0) {
          pending.push(part)
          pendingBytes += part.length
        } else take(part)
        start = stop < 0 ? chunk.length : stop + 1
      }
    },
    end() {
      if (open) reader.end(pendingBytes === 0)
    },
  }
}

/** Lets a file's bytes pass: they count for the manifest only. */
export const digestOnly: Sink = { write: () => undefined, end: () => undefined }
