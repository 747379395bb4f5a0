/**
 * In-memory seams, a clock that moves on request and reproducible faults, for tests of anything
 * that is built on the seams.
 *
 * @module
 */
export { startChild } from './child.ts'
export type { Child } from './child.ts'
export { fakeClock } from './fake-clock.ts'
export type { FakeClock } from './fake-clock.ts'
export { faultInjector, randomFaults, withFaults } from './fault-injector.ts'
export type { Fault, FaultInjector, FaultPlan } from './fault-injector.ts'
export { hearAgain, hearRuntime } from './hear-runtime.ts'
export type { HeardRuntime, Hearing } from './hear-runtime.ts'
export { instantHands, instantItem } from './instant-hands.ts'
export type { InstantHands } from './instant-hands.ts'
export { answersOf, endOf, EXITED, jsonLines, PROMPTED } from './prompted.ts'
export { openLog, requireWhole } from './known-log.ts'
export type { KnownLog, ScrubbedStore } from './known-log.ts'
export { liveRuntime } from './live-runtime.ts'
export type { LivedRuntime } from './live-runtime.ts'
export { memoryStorage } from './memory-storage.ts'
export type { MemoryStorage, MemoryStorageOptions } from './memory-storage.ts'
export { memoryJournal } from './memory-journal.ts'
export type { MemoryJournal, MemoryJournalOptions } from './memory-journal.ts'
export { memoryExecutor } from './memory-executor.ts'
export type { MemoryExecutorOptions } from './memory-executor.ts'
export { memoryHost } from './memory-host.ts'
export type { MemoryHost, MemoryHostOptions, MemoryLaunch } from './memory-host.ts'
export { memoryPrograms } from './memory-programs.ts'
export type { MemoryProcess, MemoryProgram } from './memory-programs.ts'
export { memorySigner } from './memory-signer.ts'
export { memoryArgv } from './memory-argv.ts'
