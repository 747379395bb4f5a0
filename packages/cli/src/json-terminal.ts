import { harmlessDocument } from './style.ts'
import type { Terminal } from './terminal.ts'

/** A terminal for documents of JSON: what it would obey or not show is escaped in them. Bytes are no document, and stay as they are. */
export function jsonTerminal(io: Terminal): Terminal {
  return { ...io, out: (bytes) => io.out(typeof bytes === 'string' ? harmlessDocument(bytes, 'json') : bytes) }
}
