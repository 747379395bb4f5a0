import type { Connection } from './pg-port.ts'
import type { Tables } from './schema.ts'
import { textArray } from './binary-array.ts'

// A service works on few runs at a time; this bounds what it remembers of earlier ones.
const remembered = 10_000

/** Small integers for the names of runs, given out by the one writer and stored in the transaction that needs them. */
export interface RunIds {
  /** Finds or gives out the ids of these names. What is new must be stored before the next call. */
  resolve(connection: Connection, names: Iterable<string>): Promise<readonly NewRun[]>
  /** Of a name that was resolved. */
  idOf(run: string): number
  /** How many were given out. */
  readonly last: number
  /** After a transaction that did not commit, or a new connection: `last` is what is stored. */
  reset(last: number): void
}

export interface NewRun {
  readonly id: number
  readonly run: string
}

export function runIds(tables: Tables, log: number, stored: number): RunIds {
  let last = stored
  let known = new Map<string, number>()
  return {
    get last() {
      return last
    },
    async resolve(connection, names) {
      const unknown = [...new Set(names)].filter((name) => !known.has(name))
      if (unknown.length === 0) return []
      if (known.size > remembered) {
        const again = new Set(names)
        known = new Map([...known].filter(([name]) => again.has(name)))
      }
      const found = await connection.query<{ id: number; run: string }>(
        `SELECT id, run FROM ${tables.runNames} WHERE log = $1 AND run = ANY ($2::text[])`,
        [log, textArray(unknown)],
        { name: 'runs' },
      )
      for (const { id, run } of found) known.set(run, id)
      const fresh: NewRun[] = []
      for (const run of unknown) {
        if (known.has(run)) continue
        known.set(run, ++last)
        fresh.push({ id: last, run })
      }
      return fresh
    },
    idOf(run) {
      const id = known.get(run)
      if (id === undefined) throw new Error(`Run ${run} was not resolved.`)
      return id
    },
    reset(now) {
      known.clear()
      last = now
    },
  }
}
