import { planView } from './plan.ts'
import type { PlanView } from './plan.ts'
import { flag } from './exact.ts'
import { checkAnswer } from './submit.ts'
import type { CheckAnswer } from './submit.ts'
import { z } from 'zod'
import { post } from './route-base.ts'
import type { NoParams } from './route-base.ts'
import type { Route } from './route.ts'

/** The routes that look at a plan and submit nothing, by id. */
export interface PlanRoutes {
  readonly checkPlan: Route<NoParams, NoParams, never, CheckAnswer>
  readonly showPlan: Route<NoParams, ShowPlanQuery, never, PlanView>
}

export interface ShowPlanQuery {
  /** With the graph as an SVG file. */
  readonly svg: boolean
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
  showPlan: {
    ...post,
    id: 'showPlan',
    path: '/v1/plans/show',
    summary:
      'Checks a plan in the same way, and answers with its graph: what each item needs and locks, which could run at once, and the longest path.',
    action: 'run.submit',
    query: z.strictObject({ svg: flag.default(false) }),
    body: { kind: 'plan' },
    answer: { kind: 'json', schema: planView },
    errors: ['NOT_FOUND', 'LIMIT_EXCEEDED', 'UNSUPPORTED', 'TIMEOUT'],
    idempotent: true,
  },
}
