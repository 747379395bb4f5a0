import type { Style } from '../style.ts'
import { fit } from '../style.ts'
import type { Terminal } from '../terminal.ts'
import { tryOut } from '../terminal.ts'
import { duration } from '../words.ts'
import type { ItemProgress, RunProgress } from './model.ts'
import { doing, sign, tally } from './say.ts'
import type { ProgressView } from './view.ts'

const frameMs = 100

/** One line an item, redrawn in place. Writes to the terminal that standard output is. */
export function liveView(io: Terminal, now: () => number): ProgressView {
  let drawn = 0
  let latest: RunProgress | undefined
  let queued: NodeJS.Timeout | undefined
  const write = (text: string) => void tryOut(io, text)

  function draw(): void {
    if (latest === undefined) return
    const lines = frame(latest, io.size(), io.style, now())
    // Up to the first line of what is there, then each line anew; what is below is erased.
    const up = drawn === 0 ? '' : `\u001B[${drawn}A`
    write(`${up}\r${lines.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`)
    drawn = lines.length
  }
  const soon = () => {
    queued ??= setTimeout(() => {
      queued = undefined
      draw()
    }, frameMs)
  }
  // Times of what runs go on while nothing happens.
  const ticking = setInterval(soon, 1_000)
  write('\u001B[?25l')

  return {
    update(run) {
      latest = run
      soon()
    },
    say(text) {
      write(`${drawn === 0 ? '' : `\u001B[${drawn}A`}\r\u001B[J${text}\n`)
      drawn = 0
      draw()
    },
    finish(run) {
      clearInterval(ticking)
      clearTimeout(queued)
      latest = run
      draw()
      write('\u001B[?25h')
    },
  }
}

/** The lines of one picture: all items where they fit, otherwise those that are of interest. */
export function frame(
  run: RunProgress,
  size: { readonly columns: number; readonly rows: number },
  style: Style,
  now: number,
): string[] {
  const room = size.rows - 3
  const shown = run.items.length <= room ? run.items : interesting(run.items, room)
  const width = Math.min(Math.floor(size.columns / 3), Math.max(4, ...shown.map(({ id }) => id.length)))
  const lines = shown.map((item) => {
    const text = fit(doing(item, now), size.columns - width - 6)
    return `  ${sign(item.phase, style)} ${fit(item.id, width).padEnd(width)}  ${item.phase === 'waiting' ? style.dim(text) : text}`
  })
  if (shown.length < run.items.length) lines.push(style.dim(`    and ${run.items.length - shown.length} more`))
  const since = run.startedAt === undefined ? '' : `${duration((run.end?.sealedAt ?? now) - run.startedAt)}  `
  const setup = run.setup === 'running' ? 'building the setup layer  ' : ''
  const canceling = run.canceling && run.end === undefined ? 'cancelling  ' : ''
  const paused = run.paused && run.end === undefined ? 'paused  ' : ''
  lines.push(style.dim(fit(`  ${since}${setup}${paused}${canceling}${tally(run)}`, size.columns - 1)))
  return lines
}

const rank: Readonly<Record<ItemProgress['phase'], number>> = {
  failed: 0,
  gate: 1,
  running: 1,
  parked: 2,
  waiting: 3,
  succeeded: 4,
  canceled: 5,
  skipped: 5,
}

function interesting(items: readonly ItemProgress[], room: number): ItemProgress[] {
  const chosen: ItemProgress[] = []
  for (let wanted = 0; wanted <= 4 && chosen.length < room; wanted++) {
    for (const item of items) {
      if (chosen.length >= room) break
      if (rank[item.phase] === wanted) chosen.push(item)
    }
  }
  return chosen
}
