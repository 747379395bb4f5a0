import { Transform } from 'node:stream'
import { streamRedactor, type RedactionTable } from '@seamark/kit'

/** A header's value without secrets. */
export function scrubText(text: string, table: RedactionTable): string {
  const redact = streamRedactor(table)
  const bytes = [redact.push(Buffer.from(text, 'latin1')), redact.end()]
  return Buffer.concat(bytes).toString('latin1')
}

/** A body without secrets; only what may be the beginning of one waits for the next piece. */
export function scrubbing(table: RedactionTable): Transform {
  const redact = streamRedactor(table)
  return new Transform({
    transform(piece: Buffer, _, done) {
      done(null, redact.push(piece))
    },
    flush(done) {
      done(null, redact.end())
    },
  })
}
