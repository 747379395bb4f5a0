import type { Journal } from '@seamark/core'
import { parsePlaced } from './records.ts'
import { FOLD_VERSION, fold } from './fold.ts'
import type { Ledger } from './ledger.ts'
import { ledger } from './ledger.ts'
import { loadState } from './snapshot.ts'
import type { State } from './state.ts'
import { emptyState, trim } from './state.ts'

/** The state that the journal's records give: the newest snapshot, then every record after it. */
export async function recover(
  ns: string,
  journal: Journal,
): Promise<{ state: State; chains: Ledger; replayed: number }> {
  const snapshot = await journal.loadState(ns, FOLD_VERSION)
  const { state, chains } =
    snapshot === undefined ? { state: emptyState(ns), chains: ledger(ns) } : loadState(ns, snapshot)
  let replayed = 0
  for await (const { header: bytes, leaf, payload } of journal.read(ns, state.size, { payloads: true })) {
    const header = parsePlaced(bytes)
    chains.replay(header, leaf)
    fold(state, header, payload?.bytes, (_run, item) => item && trim(item))
    if (header.kind === 'run.sealed' && header.run !== undefined) chains.forget(header.run)
    replayed++
  }
  // Every batch holds what follows from it, so nothing of a replay is left to do.
  state.todo.cancel.clear()
  state.todo.seal.clear()
  state.todo.cascade = []
  state.todo.broken = []
  return { state, chains, replayed }
}
