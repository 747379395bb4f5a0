/**
 * Owns local attempts: one small process per data folder that starts them, keeps their output and
 * their end, and outlives the service that asked for them.
 *
 * @module
 */
export { checkLimits } from './check-spec.ts'
export { limitStrengths } from './limit-strengths.ts'
export { openDiskWatch } from './disk-watch.ts'
export type { DiskWatch } from './disk-watch.ts'
export { refusedProcesses, removedBytes } from './other-trees.ts'
export { judgeFirst, refusedWritesFrom } from './first-report.ts'
export { mayRead, sandboxIdentity } from './identity.ts'
export type { Identity } from './identity.ts'
export type { FirstProcess, LaunchRequest, SandboxRequest } from './launch-request.ts'
export type { Hello } from './protocol.ts'
export { supervisorProblem } from './platform.ts'
export { prepareFolder } from './start.ts'
export type { SupervisorOptions } from './start.ts'
export type { Judgement } from './start-plan.ts'
export { SUPERVISED_GUARANTEES, supervisedExecutor } from './supervised-executor.ts'
export type { SupervisedExecutorOptions } from './supervised-executor.ts'
export { openTurns } from './turns.ts'
export type { Turns } from './turns.ts'
