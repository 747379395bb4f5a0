/**
 * A run as one page that loads nothing: graph, timeline, patches, logs, usage, who did what, and the evidence. No I/O.
 *
 * @module
 */
export { productsOf } from './facts.ts'
export type { Excerpt, ItemTexts, ReportEvidence, ReportInput } from './input.ts'
export { REPORT_LIMITS, shareOf } from './limits.ts'
export { CONTENT_SECURITY_POLICY } from './page.ts'
export { renderReport } from './report.ts'
