/**
 * The conformance suite of `Journal`.
 *
 * @module
 */
import type { Journal } from '@seamark/core'
import { followerCases } from './journal-followers.ts'
import { keptCases } from './journal-kept.ts'
import { recordCases } from './journal-records.ts'
import { journalSaboteurs } from './journal-saboteurs.ts'
import { writerCases } from './journal-writers.ts'
import type { Suite } from './suite.ts'

/** Every behaviour of a journal. `reopen` of a durable one's subject gives up its leases, as a killed process does. */
export const journalSuite: Suite<Journal> = {
  spec: 'journal/v1',
  cases: [...recordCases, ...writerCases, ...keptCases, ...followerCases],
  saboteurs: journalSaboteurs,
}
