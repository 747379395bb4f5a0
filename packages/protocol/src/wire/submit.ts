import { z } from 'zod'
import { count, digest, maybe } from './exact.ts'

/** How a plan is written. */
export type PlanFormat = 'yaml' | 'json'

/** Media types of the request body of `POST /v1/runs`. */
export const PLAN_MEDIA_TYPES: Readonly<Record<PlanFormat, string>> = {
  yaml: 'application/yaml',
  json: 'application/json',
}

/** What the service made of a plan. */
export interface SubmitAnswer {
  readonly run: string
  /** False where the same plan was already there under this id. */
  readonly created: boolean
  /** SHA-256 of the canonical JSON of the parsed plan. */
  readonly plan: string
  readonly items: number
  /** Where the plan has a git workspace. */
  readonly base?: {
    readonly source: string
    readonly commit: string
    readonly uncommitted: { readonly count: number; readonly paths: readonly string[] }
    readonly submodules: readonly string[]
  }
}

export const submitAnswer: z.ZodType<SubmitAnswer> = z.object({
  run: z.string(),
  created: z.boolean(),
  plan: digest,
  items: count,
  base: maybe(
    z.object({
      source: z.string(),
      commit: z.string(),
      uncommitted: z
        .object({ count, paths: z.array(z.string()) })
        .describe('Changes in the source that are not part of the base; at most 100 are listed.'),
      submodules: z.array(z.string()).describe('Left empty.'),
    }),
  ),
})
