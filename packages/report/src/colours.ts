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
const hljs = require('highlight.js/lib/common')

const languages: Readonly<Record<string, string>> = {
  c: 'c', h: 'c', cc: 'cpp', cpp: 'cpp', cs: 'csharp', css: 'css', go: 'go', html: 'xml', java: 'java', js: 'javascript',
  cjs: 'javascript', mjs: 'javascript', jsx: 'javascript', json: 'json', kt: 'kotlin', lua: 'lua', md: 'markdown', php: 'php',
  pl: 'perl', py: 'python', r: 'r', rb: 'ruby', rs: 'rust', scss: 'scss', sh: 'bash', sql: 'sql', svg: 'xml', swift: 'swift',
  toml: 'ini', ts: 'typescript', cts: 'typescript', mts: 'typescript', tsx: 'typescript', vue: 'xml', xml: 'xml', yaml: 'yaml', yml: 'yaml',
} // prettier-ignore

/** Longest line that is coloured: grammars are slow on lines that no person wrote. */
const longest = 2_000

/** Lines of a file as markup, with colours where its language is known. There are as many as were given. */
export function coloured(path: string, lines: readonly string[]): readonly string[] {
  const language = languages[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '']
  if (language === undefined || lines.some((line) => line.length > longest)) return lines.map(escape)
  const { value } = hljs.highlight(lines.join('\n'), { language, ignoreIllegals: true })
  return lineByLine(visible(value))
}

/** Cut at line ends, with the elements that are open there closed and opened again. */
function lineByLine(text: string): readonly string[] {
  const open: string[] = []
  return text.split('\n').map((line) => {
    const before = open.join('')
    for (const [tag] of line.matchAll(/<\/span>|<span[^>]*>/g))
      if (tag === '</span>') open.pop()
      else open.push(tag)
    return before + line + '</span>'.repeat(open.length)
  })
}
