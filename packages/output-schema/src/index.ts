/**
 * JSON Schemas (draft 2020-12) of declared outputs: what one may say, and whether a document holds to it.
 *
 * @module
 */
export { schemaCheck } from './check-schema.ts'
export type { SchemaCheck } from './check-schema.ts'
export { OUTPUT_SCHEMA_LIMITS } from './limits.ts'
export type { OutputSchemaLimits } from './limits.ts'
export { matcher } from './match.ts'
export type { Match, Over } from './match.ts'
export { matchOutput } from './match-output.ts'
export type { MatchOptions } from './match-output.ts'
export type { SchemaPath, SchemaProblem } from './problem.ts'
