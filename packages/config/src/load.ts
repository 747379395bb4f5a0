import type { RunPolicies, SpendLimits } from '@seamark/core'
import { SeamError, systemCode } from '@seamark/kit'
import { deploymentPolicies, durationMs, sizeBytes, spendLimits } from '@seamark/protocol'
import { access } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Requirements, SeamarkConfig, SpendBudget } from './config.ts'
import { refuseUnnamedConfig } from './find.ts'
import { checkRequirements } from './require.ts'
import { configProblems } from './shape.ts'

export interface LoadConfigOptions {
  /** Absolute folder of the project, and of relative paths. */
  readonly cwd: string
  /** The file that the user named, relative to `cwd`; it must be there. `none`: no file, also where one lies around. */
  readonly named?: string
}

/** A configuration with its plain values filled in. Seam objects are as the file gave them. */
export interface LoadedConfig {
  /** Absolute path of the file; absent where there is none. */
  readonly file?: string
  readonly namespace: string
  /** Absolute. */
  readonly dataDir: string
  readonly queues: readonly { readonly name: string; readonly concurrency: number }[]
  /** Of the deployment, its queues and its agents. */
  readonly policies: RunPolicies
  /** What each principal and each day (UTC), and agents and teams by name, may spend. */
  readonly budgets: {
    readonly principal?: SpendLimits
    readonly day?: SpendLimits
    readonly agents?: Readonly<Record<string, SpendLimits>>
    readonly teams?: Readonly<Record<string, SpendLimits>>
  }
  /** Names of the agents. */
  readonly agents: readonly string[]
  readonly teams: readonly { readonly name: string; readonly members: readonly string[] }[]
  /** Milliseconds for which what sealed runs left is kept; absent: for ever. */
  readonly retention: { readonly runsMs?: number; readonly snapshotsMs?: number }
  /** Bytes that may be taken; absent: any. */
  readonly quotas: { readonly storage?: number; readonly kept?: number; readonly mirrors?: number }
  /** What the file exports, checked; empty where there is none. */
  readonly config: SeamarkConfig
}

async function importDefault(file: string): Promise<unknown> {
  try {
    await access(file)
  } catch (error) {
    throw new SeamError('NOT_FOUND', `There is no configuration file ${file}.`, { cause: error })
  }
  try {
    const module: unknown = await import(pathToFileURL(file).href)
    return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  } catch (error) {
    const code = systemCode(error)
    const message = error instanceof Error ? error.message : String(error)
    throw new SeamError(
      'INVALID_INPUT',
      `${file} can not be loaded${code === undefined ? '' : ` (${code})`}: ${message}`,
      {
        remedy: 'Correct the file; it is run by Node.js, which takes types out but does not check them.',
        cause: error,
      },
    )
  }
}

function isConfig(value: unknown): value is SeamarkConfig {
  return configProblems(value).length === 0
}

/**
 * Runs and checks the configuration that was named. With none, everything is the default. Environment
 * variables are the file's own business.
 *
 * Errors: `FORBIDDEN` where the project has a configuration file and none was named, `NOT_FOUND` for a named file
 * that is not there, `INVALID_INPUT` with every problem of the file, `UNSUPPORTED` for seams of another version and
 * for requirements that are not met.
 */
export async function loadConfig({ cwd, named }: LoadConfigOptions): Promise<LoadedConfig> {
  if (named === undefined) await refuseUnnamedConfig(cwd)
  const file = named === undefined || named === 'none' ? undefined : resolve(cwd, named)
  const config = file === undefined ? {} : await importDefault(file)
  if (config === undefined)
    throw new SeamError('INVALID_INPUT', `${file} has no default export.`, {
      remedy: 'Write: export default defineConfig({ … })',
    })
  if (!isConfig(config)) {
    const problems = configProblems(config)
    const unsupported = problems.every(({ code }) => code === 'UNSUPPORTED')
    throw new SeamError(unsupported ? 'UNSUPPORTED' : 'INVALID_INPUT', `${file} is not valid.`, { problems })
  }
  checkRequirements(beforeProbes(config.require), {
    ...(config.executors && { executors: config.executors }),
    ...(config.anchors && { anchors: config.anchors }),
  })
  const queues = { default: { concurrency: availableParallelism() }, ...config.queues }
  const policies = deploymentPolicies(config)
  if (!policies.ok) throw new SeamError('INVALID_INPUT', 'A policy is not valid.', { problems: policies.problems })
  return {
    policies: policies.policies,
    budgets: budgetsOf(config),
    retention: retentionOf(config),
    quotas: quotasOf(config),
    agents: Object.keys(config.agents ?? {}),
    teams: Object.entries(config.teams ?? {}).map(([name, { members }]) => ({ name, members })),
    ...(file !== undefined && { file }),
    namespace: config.namespace ?? 'default',
    dataDir: resolve(file === undefined ? cwd : dirname(file), config.dataDir ?? '.seamark'),
    queues: Object.entries(queues).map(([name, { concurrency }]) => ({ name, concurrency })),
    config,
  }
}

function retentionOf({ retention = {} }: SeamarkConfig): LoadedConfig['retention'] {
  const runsMs = durationMs(retention.runs ?? '')
  const snapshotsMs = durationMs(retention.snapshots ?? '')
  return { ...(runsMs !== undefined && { runsMs }), ...(snapshotsMs !== undefined && { snapshotsMs }) }
}

function quotasOf({ quotas = {} }: SeamarkConfig): LoadedConfig['quotas'] {
  const storage = sizeBytes(quotas.storage ?? '')
  const kept = sizeBytes(quotas.kept ?? '')
  const mirrors = sizeBytes(quotas.mirrors ?? '')
  return {
    ...(storage !== undefined && { storage }),
    ...(kept !== undefined && { kept }),
    ...(mirrors !== undefined && { mirrors }),
  }
}

function budgetsOf({ budgets = {}, ...config }: SeamarkConfig): LoadedConfig['budgets'] {
  const principal = budgets.principal && spendLimits(budgets.principal)
  const day = budgets.day && spendLimits(budgets.day)
  const agents = named(config.agents)
  const teams = named(config.teams)
  return { ...(principal && { principal }), ...(day && { day }), ...(agents && { agents }), ...(teams && { teams }) }
}

/** The budgets of those that have one. */
function named(
  all: Readonly<Record<string, { readonly budget?: SpendBudget }>> = {},
): Readonly<Record<string, SpendLimits>> | undefined {
  const limits = Object.entries(all).flatMap(([name, { budget }]) => {
    const own = budget && spendLimits(budget)
    return own === undefined ? [] : [[name, own] as const]
  })
  return limits.length === 0 ? undefined : Object.fromEntries(limits)
}

/** What can be judged of requirements by the configuration alone: what was probed is in the data folder, and judged at the start. */
function beforeProbes(required: Requirements | undefined): Requirements | undefined {
  if (required?.executor?.proof !== 'probed') return required
  return { ...required, executor: { ...required.executor, proof: 'tested' } }
}
