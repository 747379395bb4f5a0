/**
 * The wire alone: routes of `/v1`, their schemas and problem documents, without what reads plans. A client starts sooner with it.
 *
 * @module
 */
export { agentDetail, agentView } from './wire/agent.ts'
export type { AgentDetail, AgentList, AgentView, PushAnswer, PushBody, Removed } from './wire/agent.ts'
export { runEvent, serviceEvent } from './wire/event.ts'
export type { RunEvent, ServiceEvent } from './wire/event.ts'
export { transcriptLine } from './wire/transcript.ts'
export type { TranscriptLine } from './wire/transcript.ts'
export { transcriptText } from './wire/transcript-text.ts'
export { itemPage, itemStatus, itemView, product, waitingReason } from './wire/item.ts'
export type { ItemPage, ItemView, WaitingReason } from './wire/item.ts'
export { policyView, recordedItems, recordedRun } from './wire/policy.ts'
export type { PolicyView, SetupPolicyView } from './wire/policy.ts'
export {
  errorCode,
  fromProblemDocument,
  httpStatus,
  problem,
  PROBLEM_MEDIA_TYPE,
  problemDocument,
  toProblemDocument,
} from './wire/problem.ts'
export type { ProblemDocument } from './wire/problem.ts'
export { ITEM_ID_RULE, RUN_ID_RULE } from './wire/ids.ts'
export type { AgentParams } from './wire/agent-routes.ts'
export { MIN_GRACE_MS } from './wire/gc.ts'
export type {
  BlobTally,
  CollectAnswer,
  CollectBody,
  HoldAnswer,
  HoldBody,
  HoldList,
  HoldView,
  QuotaTally,
  ReleaseAnswer,
  RemovedRun,
  RemoveQuery,
} from './wire/gc.ts'
export type { NoParams } from './wire/route-base.ts'
export type { RerunQuery } from './wire/rerun-routes.ts'
export { colonPath } from './wire/route.ts'
export type { Route, RouteAnswer } from './wire/route.ts'
export { newRunId } from './wire/run-id.ts'
export { ATTEMPT_HEADER, REQUEST_ID_HEADER, ROUTES } from './wire/routes.ts'
export type { Routes } from './wire/routes.ts'
export type {
  ApproveBody,
  DoctorQuery,
  Effective,
  EventsQuery,
  ItemParams,
  ItemsQuery,
  LogsQuery,
  PageQuery,
  ResumeBody,
  RunParams,
  RunsQuery,
  StopBody,
  SubmitQuery,
  UsageQuery,
} from './wire/requests.ts'
export { runPage, runStatus, runView } from './wire/run.ts'
export type { RunPage, RunView } from './wire/run.ts'
export { doctorReport, seamView, serviceView, trustFile } from './wire/service.ts'
export type { DoctorFinding, DoctorReport, FindingStatus, QuotaView, SeamView, ServiceView } from './wire/service.ts'
export { planView } from './wire/plan.ts'
export type { PlanItemView, PlanView } from './wire/plan.ts'
export {
  checkAnswer,
  PLAN_MEDIA_TYPES,
  PLAN_WITH_VALUES_MEDIA_TYPE,
  planWithValues,
  submitAnswer,
  variableValues,
  workspaceBase,
} from './wire/submit.ts'
export type {
  CheckAnswer,
  PlanFormat,
  PlanWithValues,
  RerunAnswer,
  SubmitAnswer,
  WorkspaceBase,
} from './wire/submit.ts'
export { budgetView, spentBudget, usageBy, usagePage, usageView } from './wire/usage.ts'
export type { BudgetView, UsagePage, UsageView } from './wire/usage.ts'
export type { VariableValues } from './plan/variables.ts'
