import type { Terminal } from '../terminal.ts'
import { tryOut } from '../terminal.ts'

/** A page of its own on a terminal, drawn over in place; what was there before comes back when it is closed. */
export function screen(io: Terminal): { draw(lines: readonly string[]): void; close(): Promise<void> } {
  let shown = ''
  // Another page, no cursor, and no line that goes on below: a name may be wider than it has characters.
  let writing: Promise<void> = tryOut(io, '\u001B[?1049h\u001B[?25l\u001B[?7l')
  let busy = false
  return {
    draw(lines) {
      // Erased first: on a line that is full, what comes after it would take its last character.
      const text = lines.map((line, at) => `\u001B[${at === lines.length - 1 ? 'J' : 'K'}${line}`).join('\r\n')
      // A terminal that is slower than we are sees the next picture, not all that were missed.
      if (text === shown || busy) return
      shown = text
      busy = true
      writing = tryOut(io, `\u001B[H${text}`).finally(() => {
        busy = false
      })
    },
    async close() {
      await writing
      await tryOut(io, '\u001B[?7h\u001B[?25h\u001B[?1049l')
    },
  }
}
