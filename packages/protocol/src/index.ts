/**
 * The wire: what a plan is, and what `/v1` speaks.
 *
 * @module
 */
export { importClaudeAgent } from './agent/claude-agent.ts'
export type { ClaudeAgent, ClaudeAgentResult } from './agent/claude-agent.ts'
export { checkAgentFiles, INSTRUCTIONS, isInstruction, MCP_FILE, skillNames } from './agent/files.ts'
export { AGENT_LIMITS } from './agent/limits.ts'
export type { AgentLimits } from './agent/limits.ts'
export { agentManifest, writeManifest } from './agent/manifest.ts'
export type { WrittenManifest } from './agent/manifest.ts'
export { parseMcpServers } from './agent/mcp.ts'
export type { McpResult } from './agent/mcp.ts'
export { checkAgentDefinition, parseAgent } from './agent/parse-agent.ts'
export type { AgentResult, CheckedAgent } from './agent/parse-agent.ts'
export { agentReference } from './agent/reference.ts'
export type { AgentReference } from './agent/reference.ts'
export { childDeployment, childItems, childPlan, childPrefix, childProblems } from './plan/children.ts'
export type { ChildItems } from './plan/children.ts'
export { deploymentPolicies, policiesOf } from './plan/deployment-policies.ts'
export type { DeploymentPolicies } from './plan/deployment-policies.ts'
export type { EgressHolds, ExecutorHolds, PlanAgent, PlanDeployment } from './plan/deployment.ts'
export { heldAgain } from './plan/held-again.ts'
export { parsePlanIsolated } from './plan/isolated.ts'
export { planParser } from './plan/plan-parser.ts'
export type { ParseOptions, PlanParser, PlanParserOptions } from './plan/plan-parser.ts'
export type { IsolatedParseOptions } from './plan/isolated.ts'
export { planJsonSchema } from './plan/json-schema.ts'
export { PLAN_LIMITS } from './plan/limits.ts'
export type { PlanLimits } from './plan/limits.ts'
export { parsePlan } from './plan/parse.ts'
export type { CheckedPlan, ParsePlanOptions, PlanResult, RefusedPlan } from './plan/parse.ts'
export { joinParts, problemIn, readPart } from './plan/parts.ts'
export type { JoinedPlan, PartResult, PlanPart, ReadPart } from './plan/parts.ts'
export { parsePolicy } from './plan/policy.ts'
export type { PolicyResult } from './plan/policy.ts'
export { policyText, recordedPolicy, recordedSetupPolicy } from './plan/recorded-policy.ts'
export type { RecordedPolicy, RecordedSetupPolicy } from './plan/recorded-policy.ts'
export { planSchema } from './plan/schema.ts'
export type { VariableValues } from './plan/variables.ts'
export { MAX_USD, nanoUsdOf, spendLimits } from './plan/spending.ts'
export { agentDetail, agentView } from './wire/agent.ts'
export type { AgentDetail, AgentList, AgentView, PushAnswer, PushBody, Removed } from './wire/agent.ts'
export { runEvent, serviceEvent } from './wire/event.ts'
export type { RunEvent, ServiceEvent } from './wire/event.ts'
export { transcriptLine } from './wire/transcript.ts'
export type { TranscriptLine } from './wire/transcript.ts'
export { transcriptText } from './wire/transcript-text.ts'
export { itemPage, itemStatus, itemView, product, waitingReason } from './wire/item.ts'
export type { ItemPage, ItemView, WaitingReason } from './wire/item.ts'
export { openApiDocument } from './wire/openapi.ts'
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
export { durationMs } from './plan/duration.ts'
export { MIN_GRACE_MS } from './wire/gc.ts'
export type {
  BlobTally,
  CollectAnswer,
  CollectBody,
  HoldAnswer,
  HoldBody,
  HoldList,
  HoldView,
  ReleaseAnswer,
  RemovedRun,
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
export type { DoctorFinding, DoctorReport, FindingStatus, SeamView, ServiceView } from './wire/service.ts'
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
