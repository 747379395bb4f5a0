import { createRequire } from 'node:module'
import { escape, visible } from './html.ts'

interface Highlighter {
  highlight(
    code: string,
    options: { readonly language: string; readonly ignoreIllegals: boolean },
  ): { readonly value: string }
}

// Its own types bring those of a browser into every file that is checked with this one.
type Loads = (id: 'highlight.js/lib/common') => Highlighter
const require: Loads = createRequire(import.meta.url)
// Its grammars take longer to load than most commands do, and many pages need none.
let hljs: Highlighter | undefined

const languages: Readonly<Record<string, string>> = {
  c: 'c', h: 'c', cc: 'cpp', cpp: 'cpp', cs: 'csharp', css: 'css', go: 'go', html: 'xml', java: 'java', js: 'javascript',
  cjs: 'javascript', mjs: 'javascript', jsx: 'javascript', json: 'json', kt: 'kotlin', lua: 'lua', md: 'markdown', php: 'php',
  pl: 'perl', py: 'python', r: 'r', rb: 'ruby', rs: 'rust', scss: 'scss', sh: 'bash', sql: 'sql', svg: 'xml', swift: 'swift',
  toml: 'ini', ts: 'typescript', cts: 'typescript', mts: 'typescript', tsx: 'typescript', vue: 'xml', xml: 'xml', yaml: 'yaml', yml: 'yaml',
} // prettier-ignore

/** Longest line that is coloured: grammars are slow on lines that no person wrote. */
const longest = 2_000

/** Most characters of markup for each character that is coloured: elements that stand in each other are opened anew on each line. */
const densest = 32

/** Shows lines of the file at a path as markup: as many as were given. */
export type Colours = (path: string, lines: readonly string[]) => readonly string[]

/** Without colours. */
export const plain: Colours = (_path, lines) => lines.map(escape)

/**
 * With colours where the language is known. Grammars take a time that grows with the square of some texts, and more: what anybody may have
 * written is coloured where that can be stopped.
 */
export const coloured: Colours = (path, lines) => {
  const language = languages[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '']
  if (language === undefined || lines.some((line) => line.length > longest)) return plain(path, lines)
  const text = lines.join('\n')
  hljs ??= require('highlight.js/lib/common')
  const { value } = hljs.highlight(text, { language, ignoreIllegals: true })
  return lineByLine(visible(value), 1_000 + text.length * densest) ?? plain(path, lines)
}

/** Cut at line ends, with the elements that are open there closed and opened again. Nothing where that is longer than `most`. */
function lineByLine(text: string, most: number): readonly string[] | undefined {
  const open: string[] = []
  const lines: string[] = []
  let size = 0
  for (const line of text.split('\n')) {
    const before = open.join('')
    for (const [tag] of line.matchAll(/<\/span>|<span[^>]*>/g))
      if (tag === '</span>') open.pop()
      else open.push(tag)
    const whole = before + line + '</span>'.repeat(open.length)
    size += whole.length
    if (size > most) return undefined
    lines.push(whole)
  }
  return lines
}
