import { z } from 'zod'
import type { VariableValues } from '../plan/variables.ts'
import { count, digest, maybe } from './exact.ts'

/** How a plan is written. */
export type PlanFormat = 'yaml' | 'json'

/** Media types of the request body of `POST /v1/runs`. */
export const PLAN_MEDIA_TYPES: Readonly<Record<PlanFormat, string>> = {
  yaml: 'application/yaml',
  json: 'application/json',
}

/** Media type of a plan with values for its variables. */
export const PLAN_WITH_VALUES_MEDIA_TYPE = 'application/vnd.seamark.plan+json'

/** A plan and what is given with it. */
export interface PlanWithValues {
  /** The plan's own text. */
  readonly plan: string
  readonly format: PlanFormat
  readonly variables: VariableValues
}

export const variableValues: z.ZodType<VariableValues> = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .describe('By name. Text is read as the type that the plan declares.')

export const planWithValues: z.ZodType<PlanWithValues> = z.strictObject({
  plan: z.string(),
  format: z.enum(['yaml', 'json']),
  variables: variableValues,
})

/** What the service says of a plan that can run here. */
export interface CheckAnswer {
  /** SHA-256 of the canonical JSON of the parsed plan. */
  readonly plan: string
  readonly name?: string
  readonly items: number
  /** Items whose plan names an executor that isolates nothing, and these executors; absent where there is none. */
  readonly unisolated?: { readonly items: number; readonly executors: readonly string[] }
  /** Items with a git workspace of which some files are hidden. What is hidden is in the git history that they see. */
  readonly hides?: number
}

/** What the service made of a plan. */
export interface SubmitAnswer extends Omit<CheckAnswer, 'name'> {
  readonly run: string
  /** False where the same plan was already there under this id. */
  readonly created: boolean
  /** Where the plan has a git workspace, and what was found there is not purged. */
  readonly base?: WorkspaceBase
}

/** What the service made of a run that is to be done again. */
export interface RerunAnswer extends SubmitAnswer {
  /** The run that it does again. */
  readonly of: string
  /** How many items are not run again. Absent where the run was there already. */
  readonly taken?: number
}

/** The commit that a run works on, as it was found when the run was made. */
export interface WorkspaceBase {
  readonly source: string
  readonly commit: string
  readonly uncommitted: { readonly count: number; readonly paths: readonly string[] }
  readonly submodules: readonly string[]
}

export const workspaceBase: z.ZodType<WorkspaceBase> = z.object({
  source: z.string(),
  commit: z.string(),
  uncommitted: z
    .object({ count, paths: z.array(z.string()) })
    .describe('Changes in the source that are not part of the base; at most 100 are listed.'),
  submodules: z.array(z.string()).describe('Left empty.'),
})

const about = {
  plan: digest,
  items: count,
  unisolated: maybe(
    z
      .object({ items: count, executors: z.array(z.string()) })
      .describe('Items whose executor isolates nothing: they run with the rights of the service.'),
  ),
  hides: maybe(count.describe('Items to which `filesystem.hide` hides files. Git history is not hidden.')),
}

export const checkAnswer: z.ZodType<CheckAnswer> = z.object({ name: maybe(z.string()), ...about })

const submitted = {
  run: z.string(),
  created: z.boolean(),
  ...about,
  base: maybe(workspaceBase),
}

export const submitAnswer: z.ZodType<SubmitAnswer> = z.object(submitted)

export const rerunAnswer: z.ZodType<RerunAnswer> = z.object({
  ...submitted,
  of: z.string(),
  taken: maybe(count.describe('Items that are not run again; absent where the run was there already.')),
})
