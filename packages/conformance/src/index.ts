/**
 * Conformance suites for the seams of Seamark. Each suite has its own entry point, such as
 * `@seamark/conformance/storage`.
 *
 * @module
 */
export { registerSaboteurs, registerSuite } from './suite.ts'
export { runSuite } from './run-suite.ts'
export type { CaseResult, RunSuiteOptions } from './run-suite.ts'
export { traits, underTraits } from './traits.ts'
export type { Trait, TraitId } from './traits.ts'
export type { Case, MakeSubject, Saboteur, Subject, Suite, TestRunner } from './suite.ts'
