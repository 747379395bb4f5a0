/**
 * The engine: decide, fold, react, and the one loop around them.
 *
 * @module
 */
export type { AgentVersion } from './state-agents.ts'
export type { Collection, CollectionTerms, GivenUp, Hold, StorageState } from './state-storage.ts'
export { authorization } from './authorization.ts'
export type { AuthorizationOptions, Authorize } from './authorization.ts'
export { createEngine } from './create-engine.ts'
export type { Lead } from './lead.ts'
export type { EngineOptions } from './engine-options.ts'
export type { BudgetStanding, Engine, StopOptions, WaitingReason } from './engine.ts'
export { FOLD_VERSION } from './fold.ts'
export { lockTable, lockText } from './locks.ts'
export type { LockTable } from './locks.ts'
export { readAgents } from './read-agents.ts'
export { readWorkspace } from './read-earlier.ts'
export type { TakenResult } from './commands.ts'
export type { CheckedRerun, CheckRerun, RerunDraft, RerunRequest } from './rerun.ts'
export { EMPTY_BLOB } from './schedule.ts'
export type { Queues } from './schedule.ts'
