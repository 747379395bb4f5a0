import { markup } from './html.ts'
import type { Html } from './html.ts'
import type { Shown } from './shown.ts'
import { duration, fit } from './words.ts'

const size = { row: 20, head: 22, letters: 20 } as const

/** When each attempt ran, from the submission to the end of the run, or to now. As wide as there is room, beside the names. */
export function timeline(items: readonly Shown[], from: number, to: number): Html {
  const rows = items.filter(({ attempts }) => attempts.length > 0)
  const span = Math.max(1, to - from)
  const share = (ms: number): string => `${Math.round((ms / span) * 10_000) / 100}%`
  const height = size.head + rows.length * size.row + 4
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = share(part * span)
    return markup`<line x1="${x}" x2="${x}" y1="${size.head}" y2="${height}" /><text
        class="${part % 0.5 === 0 ? 'mark' : 'mark between'}"
        x="${x}"
        y="14"
        >${duration(part * span)}</text
      >`
  })
  const names = rows.map(
    ({ id, index }, row) =>
      markup`<a href="#i${index}"><text x="2" y="${size.head + row * size.row + 15}">${fit(id, size.letters)}</text></a>`,
  )
  const bars = rows.map(({ id, attempts, status }, row) =>
    attempts.map(
      ({ attempt, startedAt, endedAt = to, outcome = status }) => markup`<rect
        class="s-${outcome}"
        x="${share(startedAt - from)}"
        y="${size.head + row * size.row + 4}"
        width="${share(endedAt - startedAt)}"
        height="${size.row - 7}"
        rx="3"
        ><title>${id}, attempt ${attempt}: ${outcome} after ${duration(endedAt - startedAt)}</title></rect
      >`,
    ),
  )
  return markup`<div class="wide tall timeline" tabindex="0">
    <svg class="names" height="${height}">${names}</svg>
    <svg class="bars" height="${height}" role="img" aria-label="When attempts ran">${marks}${bars}</svg>
  </div>`
}
