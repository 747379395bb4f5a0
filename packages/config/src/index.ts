/**
 * The configuration of a deployment, and its doctor.
 *
 * @module
 */
export {
  clockCheck,
  dataFolderCheck,
  diskCheck,
  gitCheck,
  keptCheck,
  NEAR_QUOTA,
  nodeCheck,
  quotaCheck,
} from './checks.ts'
export { defineConfig } from './config.ts'
export type { AgentConfig, JournalStore, Kept, Requirements, SeamarkConfig, SpendBudget, TeamConfig } from './config.ts'
export { runDoctor } from './doctor.ts'
export type { CheckResult, DoctorCheck, RunDoctorOptions } from './doctor.ts'
export { loadConfig } from './load.ts'
export type { LoadConfigOptions, LoadedConfig } from './load.ts'
export { checkRequirements, shortfalls } from './require.ts'
export type { RequiredParts } from './require.ts'
export { seamView } from './seam-table.ts'
