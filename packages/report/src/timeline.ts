import { markup } from './html.ts'
import type { Html } from './html.ts'
import type { Shown } from './shown.ts'
import { duration, fit } from './words.ts'

const size = { names: 150, width: 760, row: 20, head: 22, letters: 20 } as const

/** When each attempt ran, from the submission to the end of the run, or to now. */
export function timeline(items: readonly Shown[], from: number, to: number): Html {
  const rows = items.filter(({ attempts }) => attempts.length > 0)
  const span = Math.max(1, to - from)
  const at = (time: number): number => Math.round(size.names + ((time - from) / span) * size.width)
  const width = size.names + size.width + 60
  const height = size.head + rows.length * size.row + 4
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = at(from + part * span)
    return markup`<path d="M${x} ${size.head}V${height}" /><text class="mark" x="${x}" y="14"
        >${duration(part * span)}</text
      >`
  })
  const bars = rows.map(({ id, index, attempts, status }, row) => {
    const y = size.head + row * size.row
    const each = attempts.map(({ attempt, startedAt, endedAt = to, outcome = status }) => {
      const wide = Math.max(2, at(endedAt) - at(startedAt))
      return markup`<rect
        class="s-${outcome}"
        x="${at(startedAt)}"
        y="${y + 4}"
        width="${wide}"
        height="${size.row - 7}"
        rx="3"
        ><title>${id}, attempt ${attempt}: ${outcome} after ${duration(endedAt - startedAt)}</title></rect
      >`
    })
    return markup`<a href="#i${index}"><text x="2" y="${y + 15}">${fit(id, size.letters)}</text></a
      >${each}`
  })
  return markup`<div class="wide tall" tabindex="0">
    <svg
      class="timeline"
      width="${width}"
      height="${height}"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="When attempts ran"
    >
      ${marks}${bars}
    </svg>
  </div>`
}
