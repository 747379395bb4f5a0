/**
 * Tries to get out of an executor's sandbox, from inside and with what is seen from outside, and says what held.
 *
 * @module
 */
export { probeExecutor } from './probe-executor.ts'
export type { ProbeOptions } from './probe-executor.ts'
export { borneOut, probeDigest } from './report.ts'
export type { Probe, ProbeReport } from './report.ts'
