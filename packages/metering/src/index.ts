/**
 * Pure: what a call to a model API may cost at most, what its answer says was used, prices, and budgets as a fold.
 *
 * @module
 */
export { release, reserve, settle, settleAll } from './budget.ts'
export type { BudgetRefusal, ReserveRequest, ReserveResult } from './budget.ts'
export { ACCOUNT_KINDS, budgetState, foldBudget } from './budget-state.ts'
export type {
  Account,
  AccountKey,
  AccountKind,
  BudgetEvent,
  BudgetLimits,
  BudgetState,
  BudgetWarning,
} from './budget-state.ts'
export { PROVIDERS } from './call.ts'
export type {
  AnsweredCall,
  Api,
  BodyChange,
  ModelCall,
  ModelRequest,
  Provider,
  RequestOptions,
  RequestReading,
} from './call.ts'
export { amountOf, costOf, worstCase } from './cost.ts'
export type { Amount, WorstCase } from './cost.ts'
export { eventStreamReader } from './event-stream.ts'
export type { EventFrame, EventStreamReader } from './event-stream.ts'
export { limitHeaders } from './provider-limit.ts'
export { jsonPicker } from './json-picker.ts'
export type { JsonPicker, Picked } from './json-picker.ts'
export { METERING_LIMITS } from './limits.ts'
export type { AnswerOutcome, Unsettled } from './outcome.ts'
export { modelMeter } from './meter.ts'
export type { Meter, Metered, MeteredAnswer, MeteredCall, MeterOptions } from './meter.ts'
export { priceTable, publishedPrices } from './prices.ts'
export type { ModelPrice, PriceQuestion, PriceTable } from './prices.ts'
export { answerReader } from './read-answer.ts'
export type { AnswerHead, AnswerReader } from './read-answer.ts'
export { readRequest } from './read-request.ts'
export { meteredHosts, providerOf } from './route.ts'
export type { Refusal } from './refusal.ts'
export { sseReader } from './sse.ts'
export type { EventSink } from './sse.ts'
export { NO_TOKENS, TOKEN_KINDS, totalTokens } from './tokens.ts'
export type { TokenKind, Tokens } from './tokens.ts'
export { usageSums } from './usage.ts'
export type { UsageEntry, UsageKind, UsageSum, UsageSums } from './usage.ts'
