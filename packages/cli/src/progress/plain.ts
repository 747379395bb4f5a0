import type { Terminal } from '../terminal.ts'
import { tryOut } from '../terminal.ts'
import { doing, notIsolated, sign } from './say.ts'
import type { ItemProgress } from './model.ts'
import type { ProgressView } from './view.ts'

// Above it only ends are worth a line each.
const talkative = 100

/** One line for each thing that happened, for logs and pipes. */
export function plainView(io: Terminal, now: () => number): ProgressView {
  const { style } = io
  const write = (text: string) => void tryOut(io, text)
  let width = 0
  const line = (item: ItemProgress) => {
    write(`${sign(item.phase, style)} ${item.id.padEnd(width)}  ${doing(item, now())}\n`)
  }
  const told = new Set<string>()
  return {
    update(run, changed) {
      width = Math.min(40, Math.max(width, ...run.items.slice(0, talkative).map(({ id }) => id.length)))
      for (const item of changed) {
        const settled = item.endedAt !== undefined
        if (!settled && run.items.length > talkative) continue
        if (item.phase === 'waiting') {
          // That an item waits for its needs or its turn is the plan; that another holds its lock is news.
          if (item.waits?.startsWith('waits for lock') !== true || told.has(item.id)) continue
          told.add(item.id)
        }
        if (item.phase === 'running')
          write(
            `${sign('running', style)} ${item.id.padEnd(width)}  ${notIsolated(item)}started${item.attempt > 1 ? `, attempt ${item.attempt}` : ''}\n`,
          )
        else if (item.phase === 'gate')
          write(`${sign('gate', style)} ${item.id.padEnd(width)}  gate ${(item.gate ?? 0) + 1}\n`)
        else line(item)
      }
    },
    say: (text) => write(`${text}\n`),
    finish: () => undefined,
  }
}
