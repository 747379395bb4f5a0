import type { Style } from './style.ts'
import { fit } from './style.ts'

export interface Column {
  readonly head: string
  /** Numbers are told by their last digit. */
  readonly right?: true
  /** To how many characters it may be shortened where the terminal is narrow. Default: its widest cell. */
  readonly least?: number
  /** Which columns go first where even that is too wide: those of the highest number. Default 0: it stays. */
  readonly spare?: number
}

export interface Cell {
  /** Without colours and controls. */
  readonly text: string
  readonly paint?: (text: string) => string
}

const gap = 2

/** Lines of a table under its heads, each at most `width` characters wide where there is a width. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: Style,
  width: number | undefined,
): string[] {
  const widest = columns.map(({ head }, at) => Math.max(head.length, ...rows.map((row) => row[at]?.text.length ?? 0)))
  const widths = width === undefined ? widest : narrowed(columns, widest, width)
  const shown = columns.flatMap((column, at) => (widths[at] === 0 ? [] : [{ column, at, size: widths[at] ?? 0 }]))
  const line = (cells: readonly Cell[]) => {
    const parts = shown.map(({ column, at, size }, place) => {
      const { text, paint = (same: string) => same } = cells[at] ?? { text: '' }
      const short = fit(text, size)
      const blank = ' '.repeat(size - short.length)
      if (column.right === true) return `${blank}${paint(short)}`
      return place === shown.length - 1 ? paint(short) : `${paint(short)}${blank}`
    })
    return parts.join(' '.repeat(gap)).trimEnd()
  }
  return [line(columns.map(({ head }) => ({ text: head, paint: style.dim }))), ...rows.map(line)]
}

/** Widths that fit, 0 for a column that is left out: spare ones are shortened and left out before any other is shortened. */
function narrowed(columns: readonly Column[], widest: readonly number[], width: number): number[] {
  const widths = [...widest]
  const over = () => {
    const shown = widths.filter((size) => size > 0)
    return shown.reduce((sum, size) => sum + size, (shown.length - 1) * gap) - width
  }
  const shorten = (at: number, least: number) => {
    widths[at] = Math.min(widths[at] ?? 0, Math.max(least, (widths[at] ?? 0) - Math.max(0, over())))
  }
  const byNeed = columns
    .map(({ spare = 0 }, at) => ({ spare, at }))
    .toSorted((a, b) => b.spare - a.spare || b.at - a.at)
  for (const { spare, at } of byNeed) {
    shorten(at, columns[at]?.least ?? widest[at] ?? 0)
    if (spare > 0 && over() > 0) widths[at] = 0
  }
  for (let at = 0; at < columns.length && over() > 0; at++) if (widths[at] !== 0) shorten(at, 1)
  return widths
}
