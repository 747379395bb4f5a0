/**
 * A run as one page that loads nothing: graph, timeline, patches, logs, usage, who did what, and the evidence.
 *
 * @module
 */
export { productIn } from './facts.ts'
export type { Excerpt, ItemTexts, ReportEvidence, ReportInput } from './input.ts'
export { renderIsolated } from './isolated.ts'
export type { IsolatedRenderOptions } from './isolated.ts'
export { REPORT_LIMITS, shareOf } from './limits.ts'
export { CONTENT_SECURITY_POLICY } from './page.ts'
export { planGraph } from './plan-graph.ts'
export type { PlanGraphItem } from './plan-graph.ts'
export { renderReport } from './report.ts'
