/**
 * Tries to get out of an executor's sandbox, from inside and with what is seen from outside, and says what held.
 *
 * @module
 */
export { PROBES } from './catalogue.ts'
export type { ProbeKind } from './targets.ts'
export { probeExecutor } from './probe-executor.ts'
export type { ProbeOptions } from './probe-executor.ts'
export { borneOut, probeDigest, takenAway } from './report.ts'
export type { Probe, ProbedHost, ProbeReport } from './report.ts'
export { hostHere, openReport, signReport, stillHolds, unverifiedReport } from './signed-report.ts'
