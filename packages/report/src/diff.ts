import type { Colours } from './colours.ts'
import { escape, markup, trusted } from './html.ts'
import type { Html } from './html.ts'
import type { Excerpt } from './input.ts'

export interface PatchView {
  readonly files: number
  readonly added: number
  readonly removed: number
  readonly markup: Html
}

/** Longest line that is shown whole. */
const longest = 1_000

/** A patch in git's format as markup: of each file its name and its hunks. */
export function patchView({ text, leftOut }: Excerpt, colours: Colours): PatchView {
  const counts = { files: 0, added: 0, removed: 0 }
  const files = text
    .split(/^(?=diff --git )/m)
    .filter((part) => part.startsWith('diff --git '))
    .map((part) => fileView(part, counts, colours))
  const rest = leftOut > 0 ? markup`<p class="note">${leftOut} bytes more of this patch are not shown.</p>` : undefined
  return { ...counts, markup: markup`${files}${rest}` }
}

type Counts = { files: number; added: number; removed: number }

function fileView(part: string, counts: Counts, colours: Colours): Html {
  const lines = part.replace(/\n$/, '').split('\n')
  const path = /^diff --git a\/.+ b\/(.+)$/s.exec(lines[0] ?? '')?.[1] ?? (lines[0] ?? '').slice('diff --git '.length)
  const first = lines.findIndex((line) => line.startsWith('@@ '))
  const head = lines.slice(1, first === -1 ? undefined : first)
  const binary = head.some((line) => line === 'GIT binary patch' || line.startsWith('Binary files '))
  const how = head.find((line) => /^(?:new|deleted) file mode|^(?:old|new) mode|^rename (?:from|to)/.test(line))
  const said = [binary ? 'binary' : undefined, how].filter((word) => word !== undefined).join(', ')
  counts.files++
  const hunks = first === -1 ? [] : hunksOf(lines.slice(first)).map((hunk) => hunkView(path, hunk, counts, colours))
  return markup`<h4>${path}${said === '' ? undefined : markup` <small>${said}</small>`}</h4>
    ${hunks.length === 0 ? undefined : markup`<pre class="diff">${hunks}</pre>`}`
}

function hunksOf(lines: readonly string[]): string[][] {
  const hunks: string[][] = []
  for (const line of lines)
    if (line.startsWith('@@ ')) hunks.push([line])
    else hunks.at(-1)?.push(line)
  return hunks
}

/** Both sides are coloured whole, so that a comment over several lines is one on each. */
function hunkView(path: string, [head = '', ...lines]: readonly string[], counts: Counts, colours: Colours): Html {
  const cut = lines.map((line) => (line.length > longest ? `${line.slice(0, longest)}…` : line))
  const side = (without: string) => {
    const own = cut.filter((line) => !line.startsWith(without) && !line.startsWith('\\'))
    return colours(
      path,
      own.map((line) => line.slice(1)),
    )[Symbol.iterator]()
  }
  const [before, after] = [side('+'), side('-')]
  const shown = cut.map((line) => {
    if (line.startsWith('+')) {
      counts.added++
      return `<ins>+${take(after)}</ins>`
    }
    if (line.startsWith('-')) {
      counts.removed++
      return `<del>-${take(before)}</del>`
    }
    if (line.startsWith('\\')) return `<i>${escape(line)}</i>`
    take(before)
    return `<u> ${take(after)}</u>`
  })
  return markup`<b>${head}</b>${trusted(shown.join(''))}`
}

function take(lines: Iterator<string, undefined>): string {
  return lines.next().value ?? ''
}
