import { wrong } from './checked.ts'
import type { Checked } from './checked.ts'

const remedy =
  'Write a glob relative to the top of the workspace, such as **/.env: "*" and "?" in a segment, "**" as one.'

/** A glob of `filesystem.hide` in normal form. */
export function hideGlob(text: string): Checked<string> {
  const glob = text.replace(/^(?:\.\/)+/, '')
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(glob)) return wrong('The glob holds a hidden character.', remedy)
  if (/[[\]{}\\!]/.test(glob)) return wrong('The glob has brackets, braces, "!" or a backslash.', remedy)
  const segments = glob.split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return wrong('The glob is absolute, goes up, or has an empty segment.', remedy)
  if (segments.some((segment) => segment !== '**' && segment.includes('**')))
    return wrong('A segment of the glob has "**" beside other characters.', remedy)
  // Two in a row are as one.
  return { ok: true, value: segments.filter((part, at) => part !== '**' || segments[at - 1] !== '**').join('/') }
}

/** Matches by dynamic programming: pattern and text of length n and m cost n × m, whatever they hold. */
function matches<T>(pattern: readonly T[], text: readonly T[], any: T, one: (p: T, t: T) => boolean): boolean {
  let row = [true, ...text.map(() => false)]
  for (const part of pattern) {
    const next = [part === any && row[0] === true]
    for (const [at, piece] of text.entries())
      next.push(part === any ? row[at + 1] === true || next[at] === true : row[at] === true && one(part, piece))
    row = next
  }
  return row[text.length] === true
}

/** Whether a glob hides a path: the path itself, or a folder above it. `path` is relative, with `/` between segments. */
export function globHides(glob: string, path: string): boolean {
  const pattern = glob.split('/')
  const inSegment = (p: string, t: string) => matches(Array.from(p), Array.from(t), '*', (a, b) => a === '?' || a === b)
  const segments = path.split('/')
  return segments.some((_, at) => matches(pattern, segments.slice(0, at + 1), '**', inSegment))
}
