import type { ToolPattern } from './pattern.ts'
import { stemTakes } from './stem.ts'

/** The name of a program, without the folders before it. */
export function baseName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1)
}

/**
 * Whether a pattern of `deny` meets a command. It is read wider than one of `shell`: programs are compared by their last
 * name; between its words options (`-c`, `--git-dir`) are skipped, each with or without one value after it; a word that is an
 * option itself may stand anywhere later; `git-push` is `git push`.
 */
export function denies({ stems, open }: ToolPattern, argv: readonly string[]): boolean {
  const [program = '', ...rest] = argv
  const [first, ...words] = stems
  if (first === undefined) return true
  const named = { text: baseName(first.text), open: first.open }
  const name = baseName(program)
  const dash = name.indexOf('-')
  if (dash > 0 && denies({ stems, open }, [name.slice(0, dash), name.slice(dash + 1), ...rest])) return true
  if (!stemTakes(named, name)) return false

  let reached: ReadonlySet<number> = new Set([0])
  for (const word of words) {
    const from = skipped(reached, rest, word.text.startsWith('-'))
    reached = new Set(from.filter((at) => at < rest.length && stemTakes(word, rest[at] ?? '')).map((at) => at + 1))
    if (reached.size === 0) return false
  }
  // Options after the last word do not make it another command.
  return open || skipped(reached, rest, false).includes(rest.length)
}

/** Places in a command that can be reached by leaving out options and their values, or with `any` whatever is there. */
function skipped(places: ReadonlySet<number>, rest: readonly string[], any: boolean): readonly number[] {
  const seen = new Set(places)
  // A set is walked with what is added to it on the way.
  for (const at of seen) {
    const argument = rest[at]
    if (argument === undefined) continue
    if (any || argument.startsWith('-')) seen.add(at + 1)
    if (argument.startsWith('-') && at + 2 <= rest.length) seen.add(at + 2)
  }
  return [...seen]
}
