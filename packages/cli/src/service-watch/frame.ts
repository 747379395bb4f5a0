import type { ItemView, RunView, ServiceView } from '@seamark/protocol'
import { standing, statusPaint } from '../status-paint.ts'
import type { Style } from '../style.ts'
import { fit, harmless } from '../style.ts'
import { counted, duration } from '../words.ts'
import type { Watched, WatchedRun } from './model.ts'
import { doingOf } from './resume.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

// Of a command that does not fit a line, so many lines are shown.
const resumeLines = 6

/** The lines of one picture of a service, none wider than the terminal and no more than it has rows. */
export function serviceFrame({ service, runs, ended }: Watched, size: Size, style: Style, now: number): string[] {
  const { columns, rows } = size
  const lines = heading(service, columns, style)
  const last = style.dim(fit('Ctrl-C leaves; runs go on.', columns))
  const room = Math.max(1, rows - lines.length - 1)
  const shown = [...runs.values()].slice(0, Math.max(1, Math.ceil(room / 2)))
  if (shown.length === 0) lines.push(style.dim(fit('Nothing runs. Start with seamark submit PLAN.', columns)))
  const blocks = chosen(shown, room - shown.length, columns, now)
  for (const run of shown) {
    const block = blocks.get(run) ?? []
    lines.push(runLine(run, block.length, columns, style, now))
    const width = Math.min(Math.floor(columns / 3), Math.max(4, ...block.map(({ item }) => item.item.length)))
    for (const { item, text, resume } of block) {
      const { status } = item
      const [mark, paint] = signs[status] ?? ['·', 'dim']
      const what = fit(harmless(text), Math.max(1, columns - width - 6))
      lines.push(itemLine(`  ${mark} `, fit(item.item, width).padEnd(width), what, columns, style, paint))
      for (const part of resume) lines.push(style.yellow(part))
    }
  }
  for (const run of ended) lines.push(endLine(run, columns, style))
  const hidden = runs.size - shown.length
  if (hidden > 0)
    lines.splice(rows - 2, Infinity, style.dim(fit(`and ${counted(hidden, 'more run')}: seamark list`, columns)))
  return [...lines.slice(0, rows - 1), last]
}

const signs: Partial<Record<ItemView['status'], readonly [string, 'cyan' | 'yellow' | 'dim']>> = {
  running: ['▸', 'cyan'],
  parked: ['‖', 'yellow'],
  waiting: ['·', 'dim'],
}

function itemLine(
  mark: string,
  id: string,
  text: string,
  columns: number,
  style: Style,
  paint: 'cyan' | 'yellow' | 'dim',
): string {
  const rest = fit(`${id}  ${text}`, columns - mark.length)
  return `${style[paint](mark)}${paint === 'dim' ? style.dim(rest) : rest}`.trimEnd()
}

/** What the service has to do, and how many slots of its queues are taken. */
function heading({ stats, queues, standby, paused }: ServiceView, columns: number, style: Style): string[] {
  const parts = [
    `${counted(stats.runs, 'run')}: ${stats.running} running, ${stats.parked} parked, ${stats.waiting} waiting`,
    ...queues.map(({ name, running = 0, concurrency }) => `${harmless(name)} ${running}/${concurrency}`),
  ]
  const lines: string[] = []
  for (const part of parts) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + part.length + 3 <= columns) lines[lines.length - 1] = `${line}   ${part}`
    else lines.push(part)
  }
  // Many queues do not push out what they are for.
  const shown = lines.slice(0, 3).map((line) => style.bold(fit(line, columns)))
  if (paused !== undefined)
    for (const line of [fit('All runs are paused.', columns), ...wrapped('→ seamark resume --all', columns)])
      shown.push(style.yellow(line))
  if (standby === undefined) return shown
  return [style.yellow(fit(`Standby: ${harmless(standby.leader ?? 'another service')} leads.`, columns)), ...shown]
}

function runLine({ view }: WatchedRun, items: number, columns: number, style: Style, now: number): string {
  const { succeeded, failed, canceled, skipped } = view.settled
  const settled = succeeded + failed + canceled + skipped
  const hidden = view.items - settled - items
  const how = standing(view)
  const about = [
    `${settled}/${view.items}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(how === 'running' ? [] : [how]),
    duration(now - view.submittedAt),
    ...(hidden > 0 ? [`${hidden} not shown`] : []),
  ].join('  ')
  const name = harmless(view.name ?? '')
  // All of the id where there is room: commands take it.
  const id = fit(view.run, Math.max(8, columns - about.length - 2 - (name === '' ? 0 : Math.min(20, name.length) + 2)))
  const rest = fit(`  ${name === '' ? '' : `${name}  `}${about}`, columns - id.length)
  return `${statusPaint(how, style)(id)}${rest}`.trimEnd()
}

function endLine(run: RunView, columns: number, style: Style): string {
  const time = run.sealedAt === undefined ? '' : ` in ${duration(run.sealedAt - run.submittedAt)}`
  const text = fit(`${run.status}${time}  ${harmless(run.name ?? '')}  ${run.run}`, columns)
  return `${statusPaint(run.status, style)(text.slice(0, run.status.length))}${text.slice(run.status.length)}`
}

interface Block {
  readonly item: ItemView
  readonly text: string
  /** Lines that say what would let it go on. */
  readonly resume: readonly string[]
}

/** Which items are shown of each run, in the order of the plan: first those that wait for a person, then those that run. */
function chosen(
  runs: readonly WatchedRun[],
  room: number,
  columns: number,
  now: number,
): ReadonlyMap<WatchedRun, readonly Block[]> {
  const blocks = new Map<WatchedRun, Block[]>(runs.map((run) => [run, []]))
  let left = room
  for (const wanted of [isAsking, isRunning, isParked, isWaiting]) {
    for (const [run, block] of blocks)
      for (const item of run.items) {
        if (left <= 0) break
        if (!wanted(item)) continue
        const { text, resume } = doingOf(item, now)
        const lines = resume === undefined ? [] : wrapped(`→ ${harmless(resume)}`, columns)
        block.push({ item, text, resume: lines.slice(0, Math.max(0, left - 1)) })
        left -= 1 + lines.length
      }
  }
  for (const block of blocks.values()) block.sort((a, b) => a.item.index - b.item.index)
  return blocks
}

const isRunning = ({ status }: ItemView) => status === 'running'
const isWaiting = ({ status }: ItemView) => status === 'waiting'
const isAsking = ({ status, parked }: ItemView) => status === 'parked' && parked?.resumeAt === undefined
const isParked = ({ status, parked }: ItemView) => status === 'parked' && parked?.resumeAt !== undefined

/** A command over several lines: one that is cut could not be copied. */
function wrapped(text: string, columns: number): string[] {
  const width = Math.max(1, columns - 4)
  const lines: string[] = []
  for (let at = 0; at < text.length && lines.length < resumeLines; at += width)
    lines.push(`    ${text.slice(at, at + width)}`)
  return lines
}
