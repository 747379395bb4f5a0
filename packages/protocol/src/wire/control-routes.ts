import { z } from 'zod'
import { runIdText } from './ids.ts'
import { count, maybe } from './exact.ts'
import type { DrainBody, Effective, RunParams } from './requests.ts'
import { post } from './route-base.ts'
import type { NoParams } from './route-base.ts'
import type { Route } from './route.ts'

/** The routes that hold runs back and let them go on, by id. */
export interface ControlRoutes {
  readonly pauseRun: Route<RunParams, NoParams, never, Effective>
  readonly resumeRun: Route<RunParams, NoParams, never, Effective>
  readonly pauseService: Route<NoParams, NoParams, never, Effective>
  readonly resumeService: Route<NoParams, NoParams, never, Effective>
  readonly drain: Route<NoParams, NoParams, DrainBody, { readonly draining: true }>
}

const ofRun: z.ZodType<RunParams> = z.strictObject({ run: runIdText })
const effective: z.ZodType<Effective> = z.object({ effective: z.boolean() })

export const CONTROL_ROUTES: ControlRoutes = {
  pauseRun: {
    ...post,
    id: 'pauseRun',
    path: '/v1/runs/{run}/pause',
    summary: 'Launches nothing new of a run until it is resumed. Attempts that have begun go to their end.',
    action: 'run.pause',
    params: ofRun,
    answer: { kind: 'json', schema: effective },
    errors: ['NOT_FOUND'],
    idempotent: true,
  },
  resumeRun: {
    ...post,
    id: 'resumeRun',
    path: '/v1/runs/{run}/resume',
    summary: 'Ends the pause of a run.',
    action: 'run.resume',
    params: ofRun,
    answer: { kind: 'json', schema: effective },
    errors: ['NOT_FOUND'],
    idempotent: true,
  },
  pauseService: {
    ...post,
    id: 'pauseService',
    path: '/v1/pause',
    summary: 'Launches nothing new of any run until that is resumed, also after a restart. Plans are still taken.',
    action: 'service.pause',
    answer: { kind: 'json', schema: effective },
    errors: [],
    idempotent: true,
  },
  resumeService: {
    ...post,
    id: 'resumeService',
    path: '/v1/resume',
    summary: 'Ends the pause of all runs. A run that was paused itself stays so.',
    action: 'service.resume',
    answer: { kind: 'json', schema: effective },
    errors: [],
    idempotent: true,
  },
  drain: {
    ...post,
    id: 'drain',
    path: '/v1/drain',
    summary:
      'Takes no plans and begins no attempt from here on, and stops the service once nothing runs. Where that is not so in time, it takes work again. A second call sets anew how long it waits.',
    action: 'service.stop',
    body: {
      kind: 'json',
      schema: z.strictObject({
        timeoutMs: maybe(count.describe('For how long it waits. Without it, until nothing runs.')),
      }),
    },
    status: 202,
    answer: { kind: 'json', schema: z.object({ draining: z.literal(true) }) },
    errors: [],
    idempotent: true,
  },
}
