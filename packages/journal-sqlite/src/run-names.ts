import type { Sqlite } from './sqlite-port.ts'

// A service works on few runs at a time; this bounds what it remembers of earlier ones.
const remembered = 10_000

/** Small integers for the names of runs, given out on first use inside the transaction that needs them. */
export function runNames(db: Sqlite): {
  readonly idOf: (run: string) => number
  /** After a transaction that did not commit: what it gave out is void. */
  readonly forget: () => void
} {
  const find = db.prepare<[string], number>('SELECT id FROM run_names WHERE run = ?').pluck()
  const add = db.prepare<[string]>('INSERT INTO run_names (run) VALUES (?)')
  const known = new Map<string, number>()
  return {
    idOf(run) {
      const cached = known.get(run)
      if (cached !== undefined) return cached
      const id = find.get(run) ?? Number(add.run(run).lastInsertRowid)
      if (known.size >= remembered) known.clear()
      known.set(run, id)
      return id
    },
    forget: () => known.clear(),
  }
}
