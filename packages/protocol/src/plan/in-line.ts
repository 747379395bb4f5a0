import { SHELL_RESERVED } from '@seamark/kit'

/** What ends no word of a shell and is never expanded, wherever it stands in a line. */
const inert = /^[A-Za-z0-9_./:@%+-]+$/
const betweenWords = /[\s;&|()<>`]+/

/** Why a shell could read a value at this place of a command line as more than text; `undefined` where it could not. */
export function misread(value: string, before: string, after: string): string | undefined {
  if (value === '') return 'is empty, which leaves no word'
  if (!inert.test(value)) return 'holds what the shell could read as more than text'
  // A number there is that of a file.
  if (/^[<>]/.test(after)) return 'stands directly before a redirection'
  if (/\$[A-Za-z_][A-Za-z0-9_]*$/.test(before)) return 'stands directly after the name of a variable of the shell'
  return undefined
}

/** Whether values made a word of the grammar of shells that the line as it was written does not have. */
export function madeReserved(line: string, written: string): boolean {
  return reserved(line) > reserved(written)
}

function reserved(line: string): number {
  return line.split(betweenWords).filter((word) => SHELL_RESERVED.has(word)).length
}
