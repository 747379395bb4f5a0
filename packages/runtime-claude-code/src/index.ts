/**
 * A `RuntimeAdapter` that drives the program of Claude Code, unchanged, in its stream of JSON.
 *
 * @module
 */
export { claudeCode } from './claude-code.ts'
export type { ClaudeCodeOptions } from './claude-code.ts'
export type { McpServer } from './arguments.ts'
export type { VersionRange } from '@seamark/runtime'
