/**
 * The conformance suite of `RuntimeAdapter`.
 *
 * @module
 */
import type { RuntimeAdapter } from '@seamark/core'
import { driveCases } from './runtime-drive.ts'
import { endCases } from './runtime-ends.ts'
import { inputCases, inputSaboteurs } from './runtime-input.ts'
import { runtimeSaboteurs } from './runtime-saboteurs.ts'
import type { Suite } from './suite.ts'

export type { RuntimeScript, RuntimeSubject } from './runtime-subject.ts'

/** Every behaviour of a runtime. Subjects whose program has a language of its own are `RuntimeSubject`s with a script. */
export const runtimeSuite: Suite<RuntimeAdapter> = {
  spec: 'runtime/v1',
  cases: [...driveCases, ...endCases, ...inputCases],
  saboteurs: [...runtimeSaboteurs, ...inputSaboteurs],
}
