/**
 * Pure: what an attempt may use. Policies of several levels as one, and the matchers of egress and of tools.
 *
 * @module
 */
export { checkPolicy } from './check.ts'
export type { Checked } from './checked.ts'
export { parseCommandLine } from './command-line.ts'
export { policyDigest } from './digest.ts'
export { effective } from './effective.ts'
export { egressMatcher, matchEgress } from './egress.ts'
export type { EgressDecision, EgressMatcher, EgressRefusal, EgressRequest } from './egress.ts'
export { explainPolicy } from './explain.ts'
export type { ExplainOptions } from './explain.ts'
export { hideFinder } from './glob.ts'
export { canonicalHost } from './host.ts'
export { canonicalPath } from './http-path.ts'
export { POLICY_LIMITS } from './limits.ts'
export type { PolicyLimits } from './limits.ts'
export { answerWord, MOST_ANSWERS, toolAnswers } from './asked.ts'
export type { AskedTool, ToolAnswer } from './asked.ts'
export { toolMatcher } from './tools.ts'
export type { ToolDecision, ToolMatcher, ToolRefusal } from './tools.ts'
export { writePaths } from './write-scope.ts'
export type { WritePath } from './write-scope.ts'
