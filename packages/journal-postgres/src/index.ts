/**
 * `Journal` and `Projections` on PostgreSQL: durable, fenced by a lease with an epoch in the time of the database, with
 * standbys that take over.
 *
 * @module
 */
export { postgresJournal } from './journal.ts'
export type { PostgresJournal, PostgresStore } from './journal.ts'
export type { PostgresJournalOptions } from './options.ts'
export type { ScrubOptions, ScrubReport } from '@seamark/journal'
