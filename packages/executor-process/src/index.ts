/**
 * Runs attempts as plain processes of this host, without isolation.
 *
 * @module
 */
export { processExecutor } from './process-executor.ts'
export type { ProcessExecutorOptions } from './process-executor.ts'
