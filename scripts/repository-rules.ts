/** Rules of the repository that no linter knows. Each takes files and gives back what is wrong, one line each. */

export interface RepositoryFile {
  /** Path from the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
}

export type Rule = (files: readonly RepositoryFile[]) => readonly string[]

const MAX_LINES = 400
const SOURCE = /\.(?:ts|mts|mjs|js|py|sh)$/

/** A source file of more than 400 lines is two ideas. */
export const fileLength: Rule = (files) =>
  files
    .filter(({ path }) => SOURCE.test(path))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines, over ${MAX_LINES}`)

// Spelled apart so that this file passes its own rule.
const UNFINISHED = new RegExp(
  `\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', '[Nn]ot ' + 'implemented'].join('|')})\\b`,
)
const UNFINISHED_TEXT = /\.(?:ts|mts|mjs|js|py|sh|md|json|yaml|yml)$/

/** Nothing is left for later in the text. */
export const unfinished: Rule = (files) =>
  files
    .filter(({ path }) => UNFINISHED_TEXT.test(path))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .map((line, index) => ({ line, index }))
        .filter(({ line }) => UNFINISHED.test(line))
        .map(({ line, index }) => `${path}:${index + 1}: ${line.trim().slice(0, 120)}`),
    )

/** The lockfile names no host: whoever installs uses their own registry. */
export const lockfileHosts: Rule = (files) =>
  files
    .filter(({ path }) => path === 'pnpm-lock.yaml')
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .map((line, index) => ({ line, index }))
        .filter(({ line }) => /https?:|tarball:/.test(line))
        .map(({ line, index }) => `${path}:${index + 1}: ${line.trim()}`),
    )

/** The anchors that GitHub makes of a Markdown file's headings. */
export function anchors(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let unique = slug
    for (let n = 1; found.has(unique); n += 1) unique = `${slug}-${n}`
    found.add(unique)
  }
  return found
}

/** Every relative link of a Markdown file leads to a file or folder, and to a heading that is there. */
export function links(known: {
  readonly files: readonly RepositoryFile[]
  readonly paths: ReadonlySet<string>
}): readonly string[] {
  const texts = new Map(known.files.map(({ path, text }) => [path, text]))
  return known.files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      linkTargets(text).flatMap((target) => {
        const [file = '', anchor] = target.split('#')
        const place = file === '' ? path : resolveFrom(path, decodeURI(file))
        if (!known.paths.has(place)) return [`${path}: no such file: ${target}`]
        const there = texts.get(place)
        if (anchor === undefined || there === undefined || !place.endsWith('.md') || anchors(there).has(anchor))
          return []
        return [`${path}: no such heading: ${target}`]
      }),
    )
}

function linkTargets(text: string): readonly string[] {
  const inline = [...withoutCode(text).matchAll(/\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(
    ([, target = '']) => target,
  )
  const references = [...withoutCode(text).matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(([, target = '']) => target)
  const images = [...text.matchAll(/<(?:img|source)[^>]*\s(?:src|srcset)="([^"]+)"/g)].map(([, target = '']) => target)
  return [...inline, ...references, ...images].filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
}

function withoutCode(text: string): string {
  return text.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
}

function resolveFrom(path: string, target: string): string {
  const parts = path.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return parts.join('/')
}
