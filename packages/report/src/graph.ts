import { markup } from './html.ts'
import type { Html } from './html.ts'
import { REPORT_LIMITS } from './limits.ts'
import type { Shown } from './shown.ts'
import { counted, fit } from './words.ts'

const box = { width: 150, height: 28, gapX: 44, gapY: 8, rows: 16, letters: 19 } as const

interface Place {
  readonly x: number
  readonly y: number
}

/** The items and what they need, from left to right. An item stands behind all that it needs. */
export function graph(items: readonly Shown[]): Html {
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
  const nodes = items.map(({ id, index, status }) => {
    const { x, y } = places.get(index) ?? { x: 0, y: 0 }
    return markup`<a href="#i${index}"
      ><title>${id}: ${status}</title
      ><rect class="s-${status}" x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="7" /><text
        x="${x + 11}"
        y="${y + 18}"
        >${fit(id, box.letters)}</text
      ></a
    >`
  })
  return markup`<div class="wide" tabindex="0">
      <svg
        class="graph"
        width="${width}"
        height="${height}"
        viewBox="0 0 ${width} ${height}"
        role="img"
        aria-label="Items and what they need"
      >
        ${lines}${nodes}
      </svg>
    </div>
    ${left > 0 ? markup`<p class="note">${counted(left, 'line')} more not drawn.</p>` : undefined}`
}

function line({ from, to }: { readonly from: Place; readonly to: Place }): Html {
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x, to.y + box.height / 2]
  const bend = Math.max(20, (x2 - x1) / 2)
  return markup`<path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" />`
}

/** By index: one column for each level, several where it is long. */
function placesOf(items: readonly Shown[]): ReadonlyMap<number, Place> {
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
function levelsOf(items: readonly Shown[]): readonly (readonly number[])[] {
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
