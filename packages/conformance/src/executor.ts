/**
 * The conformance suite of `Executor`.
 *
 * @module
 */
import type { Executor } from '@seamark/core'
import { endCases } from './executor-ends.ts'
import { launchCases } from './executor-launches.ts'
import { limitCases } from './executor-limits.ts'
import { executorSaboteurs } from './executor-saboteurs.ts'
import { streamCases } from './executor-streams.ts'
import { surroundingsCases } from './executor-surroundings.ts'
import type { Suite } from './suite.ts'

export { posixPrograms } from './executor-subject.ts'
export type { ExecutorPrograms, ExecutorSubject } from './executor-subject.ts'

/** Every behaviour of an executor. Subjects whose sandboxes have no `/bin/sh` are `ExecutorSubject`s with programs. */
export const executorSuite: Suite<Executor> = {
  spec: 'executor/v1',
  cases: [...launchCases, ...endCases, ...streamCases, ...surroundingsCases, ...limitCases],
  saboteurs: executorSaboteurs,
}
