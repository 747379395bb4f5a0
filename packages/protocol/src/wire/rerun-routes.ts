import type { RerunOf } from '@seamark/core'
import { z } from 'zod'
import { maybe } from './exact.ts'
import { itemIdText, runIdText } from './ids.ts'
import type { RunParams } from './requests.ts'
import { post } from './route-base.ts'
import type { Route } from './route.ts'
import { rerunAnswer } from './submit.ts'
import type { RerunAnswer } from './submit.ts'

/** How a run that is over is done again. */
export interface RerunQuery extends Omit<RerunOf, 'of'> {
  /** Id of the new run, for an idempotent call; otherwise the service makes a UUIDv7. */
  readonly run?: string
}

/** The routes that do runs again, by id. */
export interface RerunRoutes {
  readonly rerun: Route<RunParams, RerunQuery, never, RerunAnswer>
}

const rerunQuery: z.ZodType<RerunQuery> = z.strictObject({
  run: maybe(runIdText.describe('Id of the new run.')),
  take: maybe(z.literal('succeeded').describe('Items that succeeded are not run again. Implied by `from`.')),
  from: maybe(itemIdText.describe('But for this one, and all that need it.')),
})

export const RERUN_ROUTES: RerunRoutes = {
  rerun: {
    ...post,
    id: 'rerun',
    path: '/v1/runs/{run}/rerun',
    summary:
      'Does a run that is over again: its plan, commit and versions of agents, as they were recorded. With `take` the results of items that succeeded are taken, and they are not run. Also asks for `run.submit`.',
    action: 'run.read',
    params: z.strictObject({ run: runIdText }),
    query: rerunQuery,
    answer: { kind: 'json', schema: rerunAnswer },
    errors: ['NOT_FOUND', 'CONFLICT', 'LIMIT_EXCEEDED', 'UNSUPPORTED', 'INTEGRITY'],
  },
}
