/**
 * Runs attempts in bubblewrap sandboxes.
 *
 * @module
 */
export { sandboxAvailable } from './available.ts'
export type { SandboxAvailability } from './available.ts'
export { sandboxArguments } from './arguments.ts'
export type { SandboxRoot } from './arguments.ts'
export { sandboxExecutor } from './sandbox-executor.ts'
export type { SandboxExecutorOptions } from './sandbox-executor.ts'
export { prepareRoot } from './root.ts'
export type { Toolchain } from './root.ts'
