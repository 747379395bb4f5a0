/**
 * What every runtime that talks with its agent does alike. What is particular to a protocol stays with the runtime.
 *
 * @module
 */
export { agentRuntime } from './agent-runtime.ts'
export type { Agent, AgentOptions } from './agent-runtime.ts'
export { idle, TURN, UNBEGUN } from './conversation.ts'
export type { About, Conversation, Effect, Repeats, Step } from './conversation.ts'
export { failed, failureSaid } from './failure.ts'
export type { Outcome } from './failure.ts'
export { finish, stop } from './finish.ts'
export { isObject, parsedLine } from './json.ts'
export { givenParts } from './given.ts'
export type { Given, Shared } from './given.ts'
export { toldByOptions } from './told.ts'
export { agentLaunch, SILENT } from './launch.ts'
export type { LaunchSettings } from './launch.ts'
export { permitted } from './permission.ts'
export type { Asked } from './permission.ts'
export { progress, said } from './said.ts'
export { questioned, questionText } from './question.ts'
export type { Asking } from './question.ts'
export { checkSettings, promptOf, REPEATS } from './settings.ts'
export { skillFiles } from './skills.ts'
export type { ToolCall, ToolUse } from './tool-use.ts'
export { used } from './uses.ts'
export type { VersionRange } from './version.ts'
export { deniedWords, nudgeWords, programMissing, versionRefused } from './words.ts'
