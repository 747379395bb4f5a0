/**
 * Runs attempts in bubblewrap sandboxes, and says what a Seatbelt profile of macOS would hold.
 *
 * @module
 */
export { sandboxAvailable } from './available.ts'
export type { SandboxAvailability } from './available.ts'
export { sandboxArguments } from './arguments.ts'
export type { SandboxRoot } from './arguments.ts'
export { sandboxExecutor } from './sandbox-executor.ts'
export type { SandboxExecutorOptions } from './sandbox-options.ts'
export { prepareRoot } from './root.ts'
export type { Toolchain } from './root.ts'
export { seatbeltProfile } from './seatbelt-profile.ts'
export type { SeatbeltScope } from './seatbelt-profile.ts'
