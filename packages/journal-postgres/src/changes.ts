import type { ItemRow, ProjectionChange, RunRow, UsageRow } from '@seamark/core'

/** Rows of projections to write in one statement. */
export interface Rows {
  readonly runs: readonly RunRow[]
  readonly items: readonly ItemRow[]
  readonly usage: readonly UsageRow[]
}

/**
 * The next rows, about `most` of them; of several versions of one row the last, since one statement can not change a
 * row twice. `done` when there are no more.
 */
export function takeRows(changes: Iterator<ProjectionChange>, most: number): Rows & { readonly done: boolean } {
  const runs = new Map<string, RunRow>()
  const items = new Map<string, Map<number, ItemRow>>()
  const usage = new Map<string, UsageRow>()
  let taken = 0
  let done = false
  while (taken < most) {
    const next = changes.next()
    if (next.done === true) {
      done = true
      break
    }
    taken++
    const { value } = next
    if (value.projection === 'runs') runs.set(value.row.run, value.row)
    else if (value.projection === 'usage') usage.set(`${value.row.by} ${value.row.day} ${value.row.index}`, value.row)
    else {
      const ofRun = items.get(value.row.run) ?? new Map<number, ItemRow>()
      items.set(value.row.run, ofRun.set(value.row.index, value.row))
    }
  }
  return {
    runs: [...runs.values()],
    items: [...items.values()].flatMap((ofRun) => [...ofRun.values()]),
    usage: [...usage.values()],
    done,
  }
}

/** A name as it is compared: it may have a character that the server's `text` can not hold. */
export function nameBytes(name: string | undefined): Buffer | null {
  return name === undefined ? null : Buffer.from(name, 'utf8')
}
