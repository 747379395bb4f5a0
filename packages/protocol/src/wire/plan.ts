import { z } from 'zod'
import { count, digest, maybe } from './exact.ts'

/** An item of a plan that was not submitted. */
export interface PlanItemView {
  readonly item: string
  /** Ids. */
  readonly needs: readonly string[]
  /** As they are written. */
  readonly locks: readonly string[]
  readonly queue: string
  readonly executor: string
}

/** The graph of a plan. */
export interface PlanView {
  /** SHA-256 of the canonical JSON of the parsed plan. */
  readonly plan: string
  readonly name?: string
  /** In the order of the plan. */
  readonly items: readonly PlanItemView[]
  /**
   * Indexes of the items of each step, where every item takes as long as any other and slots are without end: each step has what can run
   * at once, by needs and locks.
   */
  readonly steps: readonly (readonly number[])[]
  /** Indexes of a longest chain of items of which each needs the one before. */
  readonly longest: readonly number[]
  readonly svg?: string
}

export const planView: z.ZodType<PlanView> = z.object({
  plan: digest,
  name: maybe(z.string()),
  items: z.array(
    z.object({
      item: z.string(),
      needs: z.array(z.string()),
      locks: z.array(z.string()),
      queue: z.string(),
      executor: z.string(),
    }),
  ),
  steps: z
    .array(z.array(count))
    .describe('Indexes of what can run at once, by needs and locks, where every item takes as long as any other.'),
  longest: z.array(count).describe('Indexes of a longest chain of items of which each needs the one before.'),
  svg: maybe(z.string()),
})
