import { wrong } from './checked.ts'
import type { Checked } from './checked.ts'
import { stemCovers, stemMeet, stemTakes } from './stem.ts'
import type { Stem } from './stem.ts'

/** A pattern of command lines: what each argument must be, and with `open` any rest. */
export interface ToolPattern {
  readonly stems: readonly Stem[]
  readonly open: boolean
}

const remedy = 'Write words with one space between them, each with at most one "*", at its end.'

/**
 * A pattern of `tools.shell` or `tools.deny`. Words are separated by single spaces and stand for one argument each; a `*` at
 * the end of a word stands for any rest of that argument. Where the last word ends with `*`, any arguments may follow, and
 * where it is nothing else, none need be there: `git *` takes `git` too.
 */
export function toolPattern(text: string): Checked<ToolPattern> {
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return wrong('The pattern holds a hidden character.', remedy)
  if (/["'`\\$&|;<>(){}[\]?#]/.test(text))
    return wrong(
      'The pattern holds a character that shells give a meaning.',
      'Leave it out: "*" stands for any argument.',
    )
  const words = text.split(' ')
  if (words.some((word) => word === '' || /\s/u.test(word)))
    return wrong('The pattern is empty or has extra spaces.', remedy)
  const stems = words.map((word) => ({ text: word.replace(/\*$/, ''), open: word.endsWith('*') }))
  if (stems.some((stem) => stem.text.includes('*'))) return wrong('A word has a "*" that is not at its end.', remedy)
  const last = stems.at(-1)
  const open = last?.open === true
  return { ok: true, value: { stems: open && last.text === '' ? stems.slice(0, -1) : stems, open } }
}

/** The pattern as it is written. */
export function toolPatternText({ stems, open }: ToolPattern): string {
  const words = stems.map((stem) => (stem.open ? `${stem.text}*` : stem.text))
  const last = stems.at(-1)
  const saysRest = last !== undefined && last.open && last.text !== ''
  return (open && !saysRest ? [...words, '*'] : words).join(' ')
}

/** Whether the arguments are what the pattern says, each at its place. */
export function patternTakes({ stems, open }: ToolPattern, argv: readonly string[]): boolean {
  if (open ? argv.length < stems.length : argv.length !== stems.length) return false
  return stems.every((stem, at) => stemTakes(stem, argv[at] ?? ''))
}

export function patternCovers(outer: ToolPattern, inner: ToolPattern): boolean {
  if (outer.stems.length > inner.stems.length) return false
  if (!outer.open && (inner.open || inner.stems.length !== outer.stems.length)) return false
  return outer.stems.every((stem, at) => stemCovers(stem, inner.stems[at] ?? { text: '', open: true }))
}

/** What both take. */
export function patternMeet(a: ToolPattern, b: ToolPattern): ToolPattern | undefined {
  const [short, long] = a.stems.length <= b.stems.length ? [a, b] : [b, a]
  const same = short.stems.length === long.stems.length
  if (!same && !short.open) return undefined
  const stems: Stem[] = []
  for (const [at, stem] of long.stems.entries()) {
    const other = short.stems[at]
    const both = other === undefined ? stem : stemMeet(stem, other)
    if (both === undefined) return undefined
    stems.push(both)
  }
  return { stems, open: same ? a.open && b.open : long.open }
}
