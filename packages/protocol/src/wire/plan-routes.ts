import { checkAnswer } from './submit.ts'
import type { CheckAnswer } from './submit.ts'
import { post } from './route-base.ts'
import type { NoParams } from './route-base.ts'
import type { Route } from './route.ts'

/** The routes that look at a plan and submit nothing, by id. */
export interface PlanRoutes {
  readonly checkPlan: Route<NoParams, NoParams, never, CheckAnswer>
}

export const PLAN_ROUTES: PlanRoutes = {
  checkPlan: {
    ...post,
    id: 'checkPlan',
    path: '/v1/plans/check',
    summary: 'Checks a plan as a submission does, but for its repository, which is not looked at. Changes nothing.',
    action: 'run.submit',
    body: { kind: 'plan' },
    answer: { kind: 'json', schema: checkAnswer },
    errors: ['NOT_FOUND', 'LIMIT_EXCEEDED', 'UNSUPPORTED', 'TIMEOUT'],
    idempotent: true,
  },
}
