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

const inSegment = (pattern: string, text: string): boolean =>
  /[*?]/.test(pattern)
    ? matches(Array.from(pattern), Array.from(text), '*', (a, b) => a === '?' || a === b)
    : pattern === text

/** How much of each pattern a folder's path takes: for each, whether its first n segments fit the path as a whole. */
type Reach = readonly (readonly boolean[])[]

/** "**" may stand for no segment. */
function closed(pattern: readonly string[], reach: boolean[]): readonly boolean[] {
  for (const [at, part] of pattern.entries()) if (part === '**' && reach[at] === true) reach[at + 1] = true
  return reach
}

function step(pattern: readonly string[], reach: readonly boolean[], segment: string): readonly boolean[] {
  const next = reach.map(() => false)
  for (const [at, part] of pattern.entries()) {
    if (reach[at] !== true) continue
    if (part === '**') next[at] = true
    else if (inSegment(part, segment)) next[at + 1] = true
  }
  return closed(pattern, next)
}

/**
 * Finds what globs hide in a tree: for a path, the outermost part of it that one of them takes, `undefined` where none does.
 * `path` is relative, with `/` between segments. What is known of a folder is kept for all that is below it.
 */
export function hideFinder(globs: readonly string[]): (path: string) => string | undefined {
  const patterns = globs.map((glob) => glob.split('/'))
  const folders = new Map<string, { readonly reach: Reach; readonly hidden?: string }>()
  const start: Reach = patterns.map((pattern) => closed(pattern, [true, ...pattern.map(() => false)]))
  folders.set('', { reach: start })

  function look(path: string): { readonly reach: Reach; readonly hidden?: string } {
    const cut = path.lastIndexOf('/')
    const above = path.slice(0, Math.max(cut, 0))
    const folder = folders.get(above) ?? look(above)
    folders.set(above, folder)
    if (folder.hidden !== undefined) return folder
    const reach = patterns.map((pattern, at) => step(pattern, folder.reach[at] ?? [], path.slice(cut + 1)))
    const taken = reach.some((one, at) => one[patterns[at]?.length ?? 0] === true)
    return { reach, ...(taken && { hidden: path }) }
  }
  return (path) => look(path).hidden
}
