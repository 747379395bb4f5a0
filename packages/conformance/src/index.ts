/**
 * Conformance suites for the seams of Seamark. Each suite has its own entry point, such as
 * `@seamark/conformance/storage`.
 *
 * @module
 */
export { registerSaboteurs, registerSuite } from './suite.ts'
export type { Case, MakeSubject, Saboteur, Subject, Suite, TestRunner } from './suite.ts'
