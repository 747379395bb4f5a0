import { Transform, type TransformCallback } from 'node:stream'
import { streamRedactor, toSeamError, type RedactionTable } from '@seamark/kit'
import { pairs, type RawHeaders } from './headers.ts'

/** A header's value without secrets. */
export function scrubText(text: string, table: RedactionTable): string {
  const redact = streamRedactor(table)
  const bytes = [redact.push(Buffer.from(text, 'latin1')), redact.end()]
  return Buffer.concat(bytes).toString('latin1')
}

/** Headers without secrets. One whose name holds a secret goes: a name with a marker in it would be none. */
export function scrubHeaders(raw: RawHeaders, table: RedactionTable): readonly string[] {
  return pairs(raw).flatMap(([name, value]) => (scrubText(name, table) === name ? [name, scrubText(value, table)] : []))
}

/** A body without secrets; only what may be the beginning of one waits for the next piece. */
export function scrubbing(table: RedactionTable): Transform {
  const redact = streamRedactor(table)
  // What is thrown in a stream's own call would end the process.
  const give = (done: TransformCallback, work: () => Uint8Array): void => {
    let piece: Uint8Array
    try {
      piece = work()
    } catch (error) {
      return done(toSeamError(error))
    }
    done(null, piece)
  }
  return new Transform({
    transform: (piece: Buffer, _, done) => give(done, () => redact.push(piece)),
    flush: (done) => give(done, () => redact.end()),
  })
}
