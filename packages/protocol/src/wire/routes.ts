import type { Step, TrustFile } from '@seamark/core'
import { z } from 'zod'
import { runEvent, serviceEvent } from './event.ts'
import type { RunEvent, ServiceEvent } from './event.ts'
import { MAX_USD } from '../plan/spending.ts'
import { AGENT_ROUTES } from './agent-routes.ts'
import type { AgentRoutes } from './agent-routes.ts'
import { CONTROL_ROUTES } from './control-routes.ts'
import type { ControlRoutes } from './control-routes.ts'
import { count, flag, maybe } from './exact.ts'
import { GC_ROUTES } from './gc-routes.ts'
import type { GcRoutes } from './gc-routes.ts'
import { itemIdText, runIdText } from './ids.ts'
import { itemPage, itemStatus, itemView } from './item.ts'
import type { ItemPage, ItemView } from './item.ts'
import { policyView } from './policy.ts'
import type { PolicyView } from './policy.ts'
import type {
  AnswerBody,
  ApproveBody,
  DoctorQuery,
  Effective,
  EventsQuery,
  ExecutorParams,
  ItemParams,
  ItemsQuery,
  LogsQuery,
  ResumeBody,
  RunParams,
  RunsQuery,
  StopBody,
  SubmitQuery,
  UsageQuery,
} from './requests.ts'
import { PLAN_ROUTES } from './plan-routes.ts'
import type { PlanRoutes } from './plan-routes.ts'
import { get, post } from './route-base.ts'
import type { NoParams } from './route-base.ts'
import { RERUN_ROUTES } from './rerun-routes.ts'
import type { RerunRoutes } from './rerun-routes.ts'
import type { Route } from './route.ts'
import { runPage, runStatus, runView } from './run.ts'
import type { RunPage, RunView } from './run.ts'
import { doctorReport, serviceView, trustFile } from './service.ts'
import type { DoctorReport, ServiceView } from './service.ts'
import { submitAnswer } from './submit.ts'
import type { SubmitAnswer } from './submit.ts'
import { usageBy, usagePage } from './usage.ts'
import type { UsagePage } from './usage.ts'

/** Header of an answer to `logs`: the attempt that the bytes are of. */
export const ATTEMPT_HEADER = 'seamark-attempt'
/** Header of every answer, also in a problem document. */
export const REQUEST_ID_HEADER = 'x-request-id'

/** Every route of `/v1`, by id. */
export interface Routes extends AgentRoutes, ControlRoutes, GcRoutes, PlanRoutes, RerunRoutes {
  readonly health: Route<NoParams, NoParams, never, { readonly status: 'ok' }>
  readonly service: Route<NoParams, NoParams, never, ServiceView>
  readonly doctor: Route<NoParams, DoctorQuery, never, DoctorReport>
  readonly probe: Route<ExecutorParams, NoParams, never, DoctorReport>
  readonly keys: Route<NoParams, NoParams, never, TrustFile>
  readonly stop: Route<NoParams, NoParams, StopBody, { readonly stopping: true }>
  readonly submit: Route<NoParams, SubmitQuery, never, SubmitAnswer>
  readonly runs: Route<NoParams, RunsQuery, never, RunPage>
  readonly run: Route<RunParams, NoParams, never, RunView>
  readonly items: Route<RunParams, ItemsQuery, never, ItemPage>
  readonly item: Route<ItemParams, NoParams, never, ItemView>
  readonly policy: Route<ItemParams, NoParams, never, PolicyView>
  readonly events: Route<RunParams, EventsQuery, never, RunEvent>
  readonly serviceEvents: Route<NoParams, EventsQuery, never, ServiceEvent>
  readonly logs: Route<ItemParams, LogsQuery, never, Uint8Array>
  readonly patch: Route<ItemParams, NoParams, never, Uint8Array>
  readonly cancelRun: Route<RunParams, NoParams, never, Effective>
  readonly cancelItem: Route<ItemParams, NoParams, never, Effective>
  readonly resumeItem: Route<ItemParams, NoParams, ResumeBody, { readonly resumed: true }>
  readonly answerItem: Route<ItemParams, NoParams, AnswerBody, { readonly answered: true }>
  readonly approveItem: Route<ItemParams, NoParams, ApproveBody, { readonly approved: true }>
  readonly usage: Route<NoParams, UsageQuery, never, UsagePage>
  readonly evidence: Route<RunParams, NoParams, never, Uint8Array>
  readonly report: Route<RunParams, NoParams, never, Uint8Array>
}

const ofRun: z.ZodType<RunParams> = z.strictObject({ run: runIdText })
const ofItem: z.ZodType<ItemParams> = z.strictObject({ run: runIdText, item: itemIdText })
const fromText = z.coerce.number().pipe(z.int().min(0))
const page = {
  cursor: maybe(z.string().max(1_000)),
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(100),
}
const effective: z.ZodType<Effective> = z.object({ effective: z.boolean() })
const step: z.ZodType<Step> = z
  .templateLiteral(['gate:', z.int()])
  .refine((text) => !text.includes('-'))
  .or(z.enum(['setup', 'main']))

export const ROUTES: Routes = {
  health: {
    ...get,
    id: 'health',
    path: '/v1/health',
    summary: 'Whether the service takes commands.',
    answer: { kind: 'json', schema: z.object({ status: z.literal('ok') }) },
    errors: [],
  },
  service: {
    ...get,
    id: 'service',
    path: '/v1/service',
    summary: 'Version, namespace, queues, counts, and each seam with its guarantees.',
    action: 'run.read',
    answer: { kind: 'json', schema: serviceView },
    errors: [],
  },
  doctor: {
    ...get,
    id: 'doctor',
    path: '/v1/doctor',
    summary:
      'Checks the deployment and says what it measured. With `deep` it re-reads all that is stored, which takes its time.',
    action: 'run.read',
    query: z.strictObject({ deep: flag.default(false) }),
    answer: { kind: 'json', schema: doctorReport },
    errors: [],
  },
  probe: {
    ...post,
    id: 'probe',
    path: '/v1/executors/{executor}/probe',
    summary:
      'Starts an attempt of an executor that tries to get out of its sandbox, keeps what came of it, signed, and answers with a finding for each try.',
    action: 'executor.probe',
    params: z.strictObject({ executor: z.string().min(1).max(100) }),
    answer: { kind: 'json', schema: doctorReport },
    errors: ['NOT_FOUND', 'UNSUPPORTED', 'CONFLICT'],
  },
  keys: {
    ...get,
    id: 'keys',
    path: '/v1/keys',
    summary: 'The public keys of this log, as a trust file.',
    action: 'keys.read',
    answer: { kind: 'json', schema: trustFile },
    errors: [],
  },
  stop: {
    ...post,
    id: 'stop',
    path: '/v1/stop',
    summary: 'Stops the service, once the answer is sent.',
    action: 'service.stop',
    body: { kind: 'json', schema: z.strictObject({ cancelRunning: maybe(z.boolean()) }) },
    status: 202,
    answer: { kind: 'json', schema: z.object({ stopping: z.literal(true) }) },
    errors: [],
    idempotent: true,
  },
  submit: {
    ...post,
    id: 'submit',
    path: '/v1/runs',
    summary: 'Submits a plan. With `run`, the same plan under the same id is the same run.',
    action: 'run.submit',
    query: z.strictObject({ run: maybe(runIdText), from: maybe(z.string().max(4_096)) }),
    body: { kind: 'plan' },
    answer: { kind: 'json', schema: submitAnswer },
    errors: ['CONFLICT', 'LIMIT_EXCEEDED', 'NOT_FOUND', 'UNSUPPORTED', 'TIMEOUT'],
  },
  runs: {
    ...get,
    id: 'runs',
    path: '/v1/runs',
    summary: 'Runs, newest first.',
    action: 'run.read',
    query: z.strictObject({
      ...page,
      status: maybe(runStatus),
      name: maybe(z.string().max(200)),
      since: maybe(
        fromText.describe('Epoch milliseconds: the list ends with the first run that was submitted before.'),
      ),
      submittedBy: maybe(
        z.string().max(1_000).describe('A page may then have fewer runs than its limit, and a cursor.'),
      ),
    }),
    answer: { kind: 'json', schema: runPage },
    errors: [],
  },
  run: {
    ...get,
    id: 'run',
    path: '/v1/runs/{run}',
    summary: 'One run.',
    action: 'run.read',
    params: ofRun,
    answer: { kind: 'json', schema: runView },
    errors: ['NOT_FOUND'],
  },
  items: {
    ...get,
    id: 'items',
    path: '/v1/runs/{run}/items',
    summary: 'Items of a run, in the order of the plan.',
    action: 'run.read',
    params: ofRun,
    query: z.strictObject({ ...page, status: maybe(itemStatus) }),
    answer: { kind: 'json', schema: itemPage },
    errors: ['NOT_FOUND'],
  },
  item: {
    ...get,
    id: 'item',
    path: '/v1/runs/{run}/items/{item}',
    summary: 'One item, with what it waits for.',
    action: 'run.read',
    params: ofItem,
    answer: { kind: 'json', schema: itemView },
    errors: ['NOT_FOUND'],
  },
  policy: {
    ...get,
    id: 'policy',
    path: '/v1/runs/{run}/items/{item}/policy',
    summary: 'What the attempts of an item may use, as it was recorded with the run, and which level said so.',
    action: 'run.read',
    params: ofItem,
    answer: { kind: 'json', schema: policyView },
    errors: ['NOT_FOUND', 'CONFLICT'],
  },
  events: {
    ...get,
    id: 'events',
    path: '/v1/runs/{run}/events',
    summary: 'The records of a run from a `seq` on, one JSON document a line.',
    action: 'run.read',
    params: ofRun,
    query: z.strictObject({ from: fromText.default(0), follow: flag.default(false) }),
    answer: { kind: 'ndjson', schema: runEvent },
    errors: ['NOT_FOUND'],
  },
  serviceEvents: {
    ...get,
    id: 'serviceEvents',
    path: '/v1/events',
    summary: 'The records of the log from a `seq` on, one JSON document a line; with `follow` it goes on for ever.',
    action: 'run.read',
    query: z.strictObject({ from: fromText.default(0), follow: flag.default(false) }),
    answer: { kind: 'ndjson', schema: serviceEvent },
    errors: [],
  },
  logs: {
    ...get,
    id: 'logs',
    path: '/v1/runs/{run}/items/{item}/logs',
    summary: 'What a step of an attempt wrote, from a byte on. The header `seamark-attempt` says which attempt it is.',
    action: 'run.read',
    params: ofItem,
    query: z.strictObject({
      stream: z
        .enum(['stdout', 'stderr', 'transcript'])
        .default('stdout')
        .describe(
          '`transcript`: stdout and what was written to the program, in order, once the attempt has ended. Lines of JSON: `from`, `program` or `seamark`, and `text`; `more` where the line goes on in the next one, `unsure` where the program may not have it, `omitted` for bytes that are not kept.',
        ),
      from: fromText.default(0),
      follow: flag.default(false),
      attempt: maybe(z.coerce.number().pipe(z.int().min(1))),
      step: step.default('main'),
      service: maybe(
        itemIdText.describe('What a service of the step wrote, to both streams, in the place of the step.'),
      ),
    }),
    answer: { kind: 'bytes', mediaType: 'application/octet-stream' },
    errors: ['NOT_FOUND'],
  },
  patch: {
    ...get,
    id: 'patch',
    path: '/v1/runs/{run}/items/{item}/patch',
    summary: "The item's patch, in git's binary patch format; empty where the item changed nothing.",
    action: 'run.read',
    params: ofItem,
    answer: { kind: 'bytes', mediaType: 'text/x-diff' },
    errors: ['NOT_FOUND', 'CONFLICT', 'INTEGRITY'],
  },
  cancelRun: {
    ...post,
    id: 'cancelRun',
    path: '/v1/runs/{run}/cancel',
    summary: 'Asks a run to stop.',
    action: 'run.cancel',
    params: ofRun,
    answer: { kind: 'json', schema: effective },
    errors: ['NOT_FOUND'],
    idempotent: true,
  },
  cancelItem: {
    ...post,
    id: 'cancelItem',
    path: '/v1/runs/{run}/items/{item}/cancel',
    summary: 'Asks one item of a run to stop.',
    action: 'item.cancel',
    params: ofItem,
    answer: { kind: 'json', schema: effective },
    errors: ['NOT_FOUND'],
    idempotent: true,
  },
  resumeItem: {
    ...post,
    id: 'resumeItem',
    path: '/v1/runs/{run}/items/{item}/resume',
    summary: 'Resumes a parked item. A late or second token is `CONFLICT`.',
    action: 'item.resume',
    params: ofItem,
    body: { kind: 'json', schema: z.strictObject({ token: z.string().min(1).max(200) }) },
    answer: { kind: 'json', schema: z.object({ resumed: z.literal(true) }) },
    errors: ['NOT_FOUND', 'CONFLICT'],
  },
  answerItem: {
    ...post,
    id: 'answerItem',
    path: '/v1/runs/{run}/items/{item}/answer',
    summary:
      'Answers the question that an item waits for; its agent goes on in the same conversation where it can. A late or second answer is recorded, changes nothing, and is `CONFLICT`.',
    action: 'item.answer',
    params: ofItem,
    body: {
      kind: 'json',
      schema: z.strictObject({
        token: z.string().min(1).max(200).describe('Of the wait, as the view of the item has it.'),
        text: z.string().min(1).max(20_000),
      }),
    },
    answer: { kind: 'json', schema: z.object({ answered: z.literal(true) }) },
    errors: ['NOT_FOUND', 'CONFLICT'],
  },
  approveItem: {
    ...post,
    id: 'approveItem',
    path: '/v1/runs/{run}/items/{item}/approve',
    summary:
      'Raises the budgets of an item and of its run, where they have one, and resumes the item, which waits for a budget. A late or second token is `CONFLICT`.',
    action: 'item.approve',
    params: ofItem,
    body: {
      kind: 'json',
      schema: z.strictObject({
        token: z.string().min(1).max(200).describe('Of the wait, as the view of the item has it.'),
        usd: maybe(z.number().min(0).max(MAX_USD).describe('US dollars, at most nine digits after the point.')),
        tokens: maybe(count),
      }),
    },
    answer: { kind: 'json', schema: z.object({ approved: z.literal(true) }) },
    errors: ['NOT_FOUND', 'CONFLICT'],
  },
  usage: {
    ...get,
    id: 'usage',
    path: '/v1/usage',
    summary:
      'What settled calls to model APIs came to, a row for each day, by item, run, agent, principal, team or model. A call is in the row of each team that it counts against.',
    action: 'run.read',
    query: z.strictObject({
      ...page,
      by: usageBy.default('run'),
      since: maybe(z.string().regex(/^\d{4}-\d\d-\d\d$/, 'write a day as 2026-11-22')),
      run: maybe(runIdText),
    }),
    answer: { kind: 'json', schema: usagePage },
    errors: [],
  },
  evidence: {
    ...get,
    id: 'evidence',
    path: '/v1/runs/{run}/evidence',
    summary: 'The evidence bundle of a sealed run, as a canonical tar.',
    action: 'evidence.export',
    params: ofRun,
    answer: { kind: 'bytes', mediaType: 'application/x-tar' },
    errors: ['NOT_FOUND', 'CONFLICT', 'INTEGRITY'],
  },
  report: {
    ...get,
    id: 'report',
    path: '/v1/runs/{run}/report',
    summary: 'A run as one page of HTML that loads nothing, with what verifying its evidence says.',
    action: 'run.read',
    params: ofRun,
    answer: { kind: 'bytes', mediaType: 'text/html; charset=utf-8' },
    errors: ['NOT_FOUND', 'INTEGRITY', 'LIMIT_EXCEEDED', 'TIMEOUT'],
  },
  ...CONTROL_ROUTES,
  ...RERUN_ROUTES,
  ...PLAN_ROUTES,
  ...AGENT_ROUTES,
  ...GC_ROUTES,
}
