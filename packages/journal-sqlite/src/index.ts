/**
 * `Journal` and `Projections` on SQLite: durable, fenced by a lease with an epoch, compared with the
 * newest signed checkpoint at every start.
 *
 * @module
 */
export { sqliteJournal } from './journal.ts'
export type { SqliteJournal, SqliteJournalOptions, SqliteStore } from './journal.ts'
export type { ScrubOptions, ScrubReport } from '@seamark/journal'
