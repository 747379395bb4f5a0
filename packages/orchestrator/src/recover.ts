import type { AnyRecord, Journal } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Frontier } from '@seamark/log'
import { readFrontier, toHex } from '@seamark/log'
import { parsePlaced } from './records.ts'
import { FOLD_VERSION, fold } from './fold.ts'
import type { Ledger } from './ledger.ts'
import { ledger } from './ledger.ts'
import type { WriteRows } from './recovered-rows.ts'
import { rowsOnTheWay } from './recovered-rows.ts'
import { loadState } from './snapshot.ts'
import type { State } from './state.ts'
import { emptyState, trim } from './state.ts'

/**
 * The state that the journal's records give: the newest snapshot, then every record after it.
 *
 * Errors: `INTEGRITY` when the snapshot or a head that a record commits to is not that of the
 * journal's records, or the payload of an unsealed run is gone; `UNSUPPORTED` for records of a newer
 * version; those of the journal.
 *
 * With `write`, rows of usage of what is over are written while records are read, so that no more of them are in memory than
 * the engine itself has, and `most`. The others are in `todo`, to be written with the first batch: where their table is new, it has none yet.
 */
export async function recover(
  ns: string,
  journal: Journal,
  write?: WriteRows,
  most?: number,
): Promise<{ state: State; chains: Ledger; replayed: number }> {
  const snapshot = await journal.loadState(ns, FOLD_VERSION)
  const { state, chains } =
    snapshot === undefined ? { state: emptyState(ns), chains: ledger(ns) } : loadState(ns, snapshot)
  if (snapshot !== undefined) await checkSnapshot(ns, journal, state.size, chains.frontier)
  const rowsDue = write && rowsOnTheWay(state, write, most)
  let replayed = 0
  for await (const { header: bytes, leaf, payload } of journal.read(ns, state.size, { payloads: true })) {
    const header = parsePlaced(bytes)
    checkHead(header, chains.frontier)
    chains.replay(header, leaf)
    fold(state, header, payload?.bytes, (_run, item) => item && trim(item))
    if (header.kind === 'run.sealed' && header.run !== undefined) chains.forget(header.run)
    replayed++
    const writing = rowsDue?.()
    if (writing !== undefined) await writing
  }
  const [purged] = state.purged
  if (purged !== undefined)
    throw new SeamError('INTEGRITY', `Run ${purged} is not sealed and is without its payloads.`, {
      remedy: 'Restore the journal from a backup.',
    })
  // Every batch holds what follows from it, so nothing of a replay is left to do.
  state.todo.cancel.clear()
  state.todo.seal.clear()
  state.todo.cascade = []
  state.todo.orphaned = []
  state.todo.broken = []
  state.todo.clean = []
  return { state, chains, replayed }
}

/** A snapshot continues the journal only if it was made of the same records. */
async function checkSnapshot(ns: string, journal: Journal, size: number, frontier: Frontier): Promise<void> {
  const stored = await readFrontier((level, from, count) => journal.hashes(ns, level, from, count), size)
  if (frontier.size === size && toHex(stored.root()) === toHex(frontier.root())) return
  throw new SeamError(
    'INTEGRITY',
    `The state snapshot at size ${size} has root ${toHex(frontier.root())}; the journal's first ${size} records have ${toHex(stored.root())}.`,
    { remedy: 'The journal was changed or is of another log: restore it from a backup.' },
  )
}

function checkHead(record: AnyRecord, frontier: Frontier): void {
  if (record.kind !== 'checkpoint.committed') return
  const { size, root } = record.data
  if (size === frontier.size && root === toHex(frontier.root())) return
  throw new SeamError(
    'INTEGRITY',
    `Record ${record.seq} commits to a head of ${size} records that is not that of the ${frontier.size} before it.`,
    { remedy: 'The journal was changed: restore it from a backup.' },
  )
}
