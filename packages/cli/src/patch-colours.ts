import type { Style } from './style.ts'
import { harmless } from './style.ts'

/** A patch as git shows it on a terminal, made harmless. */
export function colourPatch(text: string, style: Style): string {
  return text
    .split('\n')
    .map((line) => {
      const safe = harmless(line)
      if (/^(?:diff |index |--- |\+\+\+ |new file|deleted file|similarity|rename |old mode|new mode)/.test(line))
        return style.bold(safe)
      if (line.startsWith('@@')) return style.cyan(safe)
      if (line.startsWith('+')) return style.green(safe)
      if (line.startsWith('-')) return style.red(safe)
      return safe
    })
    .join('\n')
}
