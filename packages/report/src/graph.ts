import { markup } from './html.ts'
import type { Html } from './html.ts'
import { REPORT_LIMITS } from './limits.ts'
import { counted, fit } from './words.ts'

const box = { width: 150, height: 28, gapX: 44, gapY: 8, rows: 16, letters: 19 } as const

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
  /** Class of its box, and what is shown of it beside its id. */
  readonly kind: string
  readonly says: string
}

/** The items and what they need, from left to right. An item stands behind all that it needs. */
export function graph(items: readonly (Omit<GraphItem, 'kind' | 'says'> & { readonly status: string })[]): Html {
  const { svg, left } = drawing(
    items.map((item) => ({ ...item, kind: `s-${item.status}`, says: item.status })),
    true,
  )
  return markup`<div class="wide" tabindex="0">${svg}</div>
    ${left > 0 ? markup`<p class="note">${counted(left, 'line')} more not drawn.</p>` : undefined}`
}

/** The drawing by itself, and how many lines were left out. In a page each item leads to its own place there. */
export function drawing(items: readonly GraphItem[], inPage: boolean): { readonly svg: Html; readonly left: number } {
  const places = placesOf(items)
  const all = [...places.values()]
  const width = all.reduce((most, { x }) => Math.max(most, x), 0) + box.width + 2
  const height = all.reduce((most, { y }) => Math.max(most, y), 0) + box.height + 2
  const edges = items.flatMap(({ index, needs }) => {
    const to = places.get(index)
    return needs.flatMap((need) => {
      const from = places.get(need)
      return from === undefined || to === undefined ? [] : [{ from, to }]
    })
  })
  const lines = edges.slice(0, REPORT_LIMITS.edges).map(line)
  const left = edges.length - lines.length
  const nodes = items.map(({ id, index, kind, says }) => {
    const { x, y } = places.get(index) ?? { x: 0, y: 0 }
    const node = markup`<title>${id}: ${says}</title
      ><rect class="${kind}" x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="7" /><text
        x="${x + 11}"
        y="${y + 18}"
        >${fit(id, box.letters)}</text
      >`
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
    </svg>`
  return { svg, left }
}

// A file of its own has no page around it that says how it looks.
const OWN_STYLE = markup`<style>
  svg { font: 12px ui-monospace, monospace; background: #fff }
  path { fill: none; stroke: #6b7683; opacity: .6 }
  rect { fill: #fff; stroke: #1f5fa8; stroke-width: 1.5 }
  rect.longest { stroke: #c0362c; stroke-width: 3 }
  text { fill: #1b2430 }
</style>`

function line({ from, to }: { readonly from: Place; readonly to: Place }): Html {
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x, to.y + box.height / 2]
  const bend = Math.max(20, (x2 - x1) / 2)
  return markup`<path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" />`
}

type Placed = Pick<GraphItem, 'index' | 'needs'>

/** By index: one column for each level, several where it is long. */
function placesOf(items: readonly Placed[]): ReadonlyMap<number, Place> {
  const places = new Map<number, Place>()
  let column = 0
  for (const level of levelsOf(items)) {
    for (const [at, index] of level.entries())
      places.set(index, {
        x: 1 + (column + Math.floor(at / box.rows)) * (box.width + box.gapX),
        y: 1 + (at % box.rows) * (box.height + box.gapY),
      })
    column += Math.ceil(level.length / box.rows)
  }
  return places
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
