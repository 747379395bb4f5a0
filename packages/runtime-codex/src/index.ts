/**
 * A `RuntimeAdapter` that drives the program of Codex, unchanged, by the JSON-RPC of its app server.
 *
 * @module
 */
export { codex } from './codex.ts'
export type { CodexOptions } from './codex.ts'
export type { McpServer } from './arguments.ts'
export type { VersionRange } from '@seamark/runtime'
