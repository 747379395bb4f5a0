import type { Line, Quantity } from './line.ts'
import type { Machine } from './machine.ts'
import { judge, ratioOf } from './verdict.ts'
import type { Conditions } from './verdict.ts'

/** All that one run of the bench has found. */
export interface Findings {
  readonly machine: Machine
  readonly conditions: Conditions
  readonly lines: readonly Line[]
}

const HEADINGS = ['what', 'measured', 'baseline', 'ratio', 'must', 'verdict'] as const

/** The table for a terminal. */
export function textTable(findings: Findings): string {
  const rows = [HEADINGS, ...findings.lines.map((line) => cells(line, findings.conditions))]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const table = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column >= 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  return [...circumstances(findings), '', ...table, '', ...notes(findings.lines), ''].join('\n')
}

/** The page that is published. */
export function markdownPage(findings: Findings, date: string): string {
  const rows = [HEADINGS, ...findings.lines.map((line) => cells(line, findings.conditions))]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  // Padded as the repository's formatter does it.
  const [head = '', ...body] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [
    '# Benchmarks',
    '',
    `Measured on ${date} by \`npm run bench\`, which anyone can repeat; this page is its output. Each line has the`,
    "machine's own limit for the same work, taken in the same run and in turn with it.",
    '',
    ...circumstances(findings).map((text) => `- ${text}`),
    '',
    head,
    rule,
    ...body,
    '',
    'Ratios and counts are judged on any machine, memory in a full run. A time within its bound is good on any machine, in a',
    'full run; one over it only counts where C is at least 15,000 before and after: elsewhere the line says that it was not judged.',
    '',
    '## Baselines',
    '',
    ...notes(findings.lines).map((text) => `- ${text}`),
    '',
  ].join('\n')
}

/** The document of `--json`. */
export function jsonDocument({ machine, conditions, lines }: Findings): unknown {
  return {
    version: 1,
    machine,
    ...conditions,
    lines: lines.map((line) => {
      const ratio = ratioOf(line)
      return { ...line, ...(ratio !== undefined && { ratio }), verdict: judge(line, conditions) }
    }),
  }
}

function circumstances({ machine, conditions }: Findings): string[] {
  const { before, after } = conditions.commits
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`,
    `C, durable commits of one row per second by bare SQLite: ${rounded(before)} before, ${rounded(after)} after`,
    `scale: ${conditions.scale}`,
  ]
}

function notes(lines: readonly Line[]): string[] {
  return lines.flatMap(({ what, against, note }) => {
    const said = [against === undefined ? undefined : `against ${against}`, note].filter((text) => text !== undefined)
    return said.length === 0 ? [] : [`${what}: ${said.join('; ')}`]
  })
}

function cells(line: Line, conditions: Conditions): readonly string[] {
  const ratio = ratioOf(line)
  const { status, reason } = judge(line, conditions)
  return [
    line.what,
    amount(line.measured),
    amount(line.baseline),
    ratio === undefined ? '' : rounded(ratio),
    (line.bounds ?? [])
      .map(({ on, is, limit }) =>
        `${is} ${rounded(limit)} ${on === 'ratio' ? '×' : (line.measured?.unit ?? '')}`.trim(),
      )
      .join(', '),
    status === 'info' ? '' : reason === undefined ? status : `${status}: ${reason}`,
  ]
}

function amount(quantity: Quantity | undefined): string {
  return quantity === undefined ? '' : `${rounded(quantity.value)} ${quantity.unit}`
}

/** Three digits that count; whole numbers from 100 on. */
function rounded(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(Math.abs(value) < 1 ? 2 : 3)))
}
