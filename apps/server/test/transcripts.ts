import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

/** A command, and what a terminal of 100 columns showed of it. */
export interface Transcript {
  readonly argv: readonly string[]
  readonly screen: string
}

const page = join(import.meta.dirname, '../../../docs/reference/terminal.md')
const MOST_LINES = 30
/** What they show is of the machine that they run on. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['doctor', 'watch'])

/**
 * `names` are those of all commands, in the order of the help. Writes the page where `RECORD_TRANSCRIPTS` is set; else holds it against
 * what was shown now, but for times, sizes, digests and numbers.
 */
export function expectPublished(transcripts: readonly Transcript[], names: readonly string[]): void {
  // `gc hold` is no `gc`.
  const placeOf = ({ argv }: Transcript) => names.findLastIndex((name) => `${argv.join(' ')} `.startsWith(`${name} `))
  const sections = transcripts
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .map((one) => sectionOf(names[placeOf(one)] ?? '', one))
  if (process.env['RECORD_TRANSCRIPTS'] !== undefined) writeFileSync(page, [INTRODUCTION, ...sections].join('\n'))
  const published = byTitle(readFileSync(page, 'utf8'))
  const shown = byTitle(sections.join('\n'))
  expect([...shown.keys()]).toEqual([...published.keys()])
  for (const [title, text] of shown)
    if (!OF_THE_MACHINE.has(title))
      expect(steady(text), `${title}: RECORD_TRANSCRIPTS=1`).toBe(steady(published.get(title) ?? ''))
}

function sectionOf(title: string, { argv, screen }: Transcript): string {
  const lines = screen.split('\n')
  const more = lines.length - MOST_LINES
  const kept = more > 0 ? [...lines.slice(0, MOST_LINES), `… and ${more} lines more`] : lines
  const command = ['seamark', ...argv].map((word) => (/[^\w./:=,@-]/.test(word) ? `'${word}'` : word)).join(' ')
  return [`## ${title}`, '', '```console', `$ ${command}`, ...kept, '```', ''].join('\n')
}

const INTRODUCTION = `# What each command shows

Each command was run once at a terminal of 100 columns, and this is what it showed. A test runs all of them again and holds this
page against it, but for times, sizes, digests and numbers, and for what is of the machine alone.
[The \`seamark\` command](cli.md) has their options.
`

function byTitle(text: string): Map<string, string> {
  const sections = text.split(/^## /m).slice(1)
  return new Map(sections.map((section) => [section.slice(0, section.indexOf('\n')), section]))
}

/** Without what is another each time. */
function steady(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{6,}(?:…|\b)/g, 'digest')
    .replaceAll(/\d[\d,.:]*/g, '0')
    .replaceAll(/\b0 (?:ms|s|min|h)\b/g, 'time')
    .replaceAll(/\b0 (?:bytes?|B|[kMGT]i?B)\b/g, 'size')
    .replaceAll(/[ \t]+/g, ' ')
}
