import type { Faults, Path } from './fault.ts'

export interface GivenText {
  /** What it is, as the beginning of a sentence. */
  readonly what: string
  readonly maxBytes: number
  /** Where to put a longer one. */
  readonly remedy: string
}

/** Checks a text that a program is given as it is. */
export function checkGivenText(text: string, { what, maxBytes, remedy }: GivenText, path: Path, faults: Faults): void {
  if (text.includes('\0')) faults.add({ code: 'INVALID_INPUT', message: `${what} holds a NUL character.`, path })
  if (Buffer.byteLength(text) > maxBytes)
    faults.add({ code: 'LIMIT_EXCEEDED', message: `${what} is longer than ${maxBytes} bytes.`, remedy, path })
}
