/**
 * Around one attempt: workspaces, set-up layers, inputs, capture of products.
 *
 * @module
 */
export { emptyWorkspaces } from './empty-workspaces.ts'
export type { GitCredential } from './git-credentials.ts'
export { gitWorkspaces } from './git-workspaces.ts'
export type { GitWorkspacesOptions } from './git-tools.ts'
export type { KeptWorkspaces } from './kept.ts'
export { WORKER_LIMITS } from './limits.ts'
export type { WorkerLimits } from './limits.ts'
export { localWorker } from './local-worker.ts'
export type { LocalWorker, LocalWorkerOptions } from './local-worker.ts'
export { mirrorNames } from './mirrors.ts'
export type { GitBase } from './mirrors.ts'
export type { Room, RoomKind, RoomOptions, RoomTerms, SpaceTally } from './room.ts'
export type { GitOptions } from './run-git.ts'
export { untar } from './tar-reader.ts'
export type { ToolchainOptions } from './toolchain.ts'
