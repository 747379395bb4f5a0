import { markup } from './html.ts'
import type { Html } from './html.ts'
import { REPORT_LIMITS } from './limits.ts'
import { counted, fit } from './words.ts'

const box = { width: 150, height: 28, gapX: 44, gapY: 8, rows: 16, letters: 19 } as const
/** Of a second line in a box, and of the heads of columns, where there are such. */
const more = { line: 16, head: 24, letters: 21 } as const

interface Place {
  readonly x: number
  readonly y: number
}

/** An item as it is drawn. */
export interface GraphItem {
  readonly id: string
  readonly index: number
  /** Indexes. */
  readonly needs: readonly number[]
  /** Class of its box, and what is shown of it beside its id where the pointer rests. */
  readonly kind: string
  readonly says: string
  /** What is written under its id. */
  readonly under?: string
}

/** Items by their indexes that stand in one column, or in several where there are many, and what is written above. */
export interface GraphColumn {
  readonly indexes: readonly number[]
  readonly head?: string
}

/** The items and what they need, from left to right. An item stands behind all that it needs. */
export function graph(items: readonly (Omit<GraphItem, 'kind' | 'says'> & { readonly status: string })[]): Html {
  const { svg, left } = drawing(
    items.map((item) => ({ ...item, kind: `s-${item.status}`, says: item.status })),
    levelsOf(items).map((indexes) => ({ indexes })),
    true,
  )
  return markup`<div class="wide" tabindex="0">${svg}</div>
    ${left > 0 ? markup`<p class="note">${counted(left, 'line')} more not drawn.</p>` : undefined}`
}

/** The drawing by itself, and how many lines were left out. In a page each item leads to its own place there. */
export function drawing(
  items: readonly GraphItem[],
  columns: readonly GraphColumn[],
  inPage: boolean,
): { readonly svg: Html; readonly left: number } {
  const boxHeight = box.height + (items.some(({ under }) => under !== undefined) ? more.line : 0)
  const { places, heads } = placesOf(columns, boxHeight)
  const all = [...places.values()]
  const width = all.reduce((most, { x }) => Math.max(most, x), 0) + box.width + 2
  const height = all.reduce((most, { y }) => Math.max(most, y), 0) + boxHeight + 2
  const edges = items.flatMap(({ index, needs }) => {
    const to = places.get(index)
    return needs.flatMap((need) => {
      const from = places.get(need)
      return from === undefined || to === undefined ? [] : [{ from, to }]
    })
  })
  const lines = edges.slice(0, REPORT_LIMITS.edges).map(({ from, to }) => line(from, to, boxHeight / 2))
  const left = edges.length - lines.length
  const nodes = items.map(({ id, index, kind, says, under }) => {
    const { x, y } = places.get(index) ?? { x: 0, y: 0 }
    const node = markup`<title>${id}: ${says}</title
      ><rect class="${kind}" x="${x}" y="${y}" width="${box.width}" height="${boxHeight}" rx="7" /><text
        x="${x + 11}"
        y="${y + 18}"
        >${fit(id, box.letters)}</text
      >${under && markup`<text class="under" x="${x + 11}" y="${y + 18 + more.line}">${fit(under, more.letters)}</text>`}`
    return inPage ? markup`<a href="#i${index}">${node}</a>` : markup`<g>${node}</g>`
  })
  const svg = markup`<svg
      ${inPage ? undefined : markup`xmlns="http://www.w3.org/2000/svg"`}
      class="graph"
      width="${width}"
      height="${height}"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="Items and what they need"
    >
      ${inPage ? undefined : OWN_STYLE}${lines}${nodes}
      ${heads.map(({ x, head }) => markup`<text class="head" x="${x}" y="14">${head}</text>`)}
    </svg>`
  return { svg, left }
}

// A file of its own has no page around it that says how it looks.
const OWN_STYLE = markup`<style>
  svg { font: 12px ui-monospace, monospace; background: #fff }
  path { fill: none; stroke: #6b7683; opacity: .6 }
  rect { fill: #fff; fill-opacity: .85; stroke: #1f5fa8; stroke-width: 1.5 }
  rect.longest { stroke: #c0362c; stroke-width: 3 }
  text { fill: #1b2430 }
  .head, .under { fill: #5b6775; font-size: 11px }
</style>`

function line(from: Place, to: Place, middle: number): Html {
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + middle, to.x, to.y + middle]
  const bend = Math.max(20, (x2 - x1) / 2)
  return markup`<path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" />`
}

type Placed = Pick<GraphItem, 'index' | 'needs'>

interface Places {
  readonly places: ReadonlyMap<number, Place>
  readonly heads: readonly { readonly x: number; readonly head: string }[]
}

/** By index: several columns in the place of one where it is long. */
function placesOf(columns: readonly GraphColumn[], boxHeight: number): Places {
  const places = new Map<number, Place>()
  const heads: { x: number; head: string }[] = []
  const top = columns.some(({ head }) => head !== undefined) ? more.head : 1
  let column = 0
  for (const { indexes, head } of columns) {
    const xOf = (at: number) => 1 + (column + Math.floor(at / box.rows)) * (box.width + box.gapX)
    for (const [at, index] of indexes.entries())
      places.set(index, { x: xOf(at), y: top + (at % box.rows) * (boxHeight + box.gapY) })
    if (head !== undefined) heads.push({ x: xOf(0), head })
    column += Math.ceil(indexes.length / box.rows)
  }
  return { places, heads }
}

/** Indexes by how many items stand before them at most. */
function levelsOf(items: readonly Placed[]): readonly (readonly number[])[] {
  const there = new Set(items.map(({ index }) => index))
  const waits = new Map<number, number>()
  const behind = new Map<number, number[]>()
  for (const { index, needs } of items) {
    const own = needs.filter((need) => there.has(need))
    waits.set(index, own.length)
    for (const need of own) behind.set(need, [...(behind.get(need) ?? []), index])
  }
  const levels: number[][] = []
  let level = items.flatMap(({ index }) => (waits.get(index) === 0 ? [index] : []))
  while (level.length > 0) {
    levels.push(level)
    const next: number[] = []
    for (const index of level)
      for (const after of behind.get(index) ?? []) {
        const left = (waits.get(after) ?? 0) - 1
        waits.set(after, left)
        if (left === 0) next.push(after)
      }
    level = next
  }
  return levels
}
