import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

// Enough for a stack, and no flood of whatever an attempt can make the process say.
const mostLines = 100
const longest = 1_000

// Controls and marks that turn the direction of text: they would act on the terminal of who reads it.
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/**
 * Tells the lines of a stream, as far as they can be shown: of each at most 1,000 characters, and of all at most 100; `more` is called
 * once where there are more. The rest is read and left out, so that nobody waits for it.
 */
export function tellLines(stream: Readable, tell: (line: string) => void, more: () => void): void {
  const decoder = new StringDecoder('utf8')
  let line = ''
  let lines = 0

  function take(text: string): void {
    const parts = text.split('\n')
    for (const [index, part] of parts.entries()) {
      if (line.length < longest) line += part.slice(0, longest - line.length)
      if (index < parts.length - 1) finish()
    }
  }

  function finish(): void {
    const shown = line.replaceAll(hidden, ' ').trimEnd()
    line = ''
    if (shown === '' || lines > mostLines) return
    if (lines++ < mostLines) tell(shown)
    else more()
  }

  stream.on('data', (piece: Buffer) => {
    if (lines <= mostLines) take(decoder.write(piece))
  })
  stream.on('close', finish)
  stream.on('error', finish)
}
