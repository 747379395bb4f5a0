/** Whose API a host speaks. */
export type ModelProvider = 'anthropic' | 'openai' | 'bedrock' | 'vertex'

/** Prices of one token in thousand-millionths of a dollar, whole numbers. A kind that is absent has no price. */
export interface TokenRates {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite5m?: number
  readonly cacheWrite1h?: number
}

/** A price from one day on. */
export interface DatedPrice {
  /** First day, in UTC, for which this price is vouched for: `2026-11-22`. */
  readonly from: string
  /** The page that says it. */
  readonly source: string
  readonly nanoUsdPerToken: TokenRates
  /** What all tokens of a call cost whose input side has more than that many. */
  readonly above?: { readonly inputTokens: number; readonly nanoUsdPerToken: TokenRates }
}

/** A model with its prices. */
export interface PricedModel {
  readonly provider: ModelProvider
  readonly model: string
  /** Other names of the same model at the same price. */
  readonly aliases?: readonly string[]
  /** Every dated version, such as `-20250929`, costs the same. */
  readonly dated?: boolean
  /** Where on Vertex AI the price holds; everywhere when absent. */
  readonly locations?: readonly string[]
  /** No call has more tokens on its input side. */
  readonly contextTokens?: number
  readonly prices: readonly DatedPrice[]
}

/** What a meter goes by. */
export interface MeterSettings {
  /** The most tokens of one answer: calls that ask for more, or do not say, are changed. Default 32,000. */
  readonly maxOutputTokens?: number
  /** Other hosts than the providers' own, and whose API each speaks. */
  readonly hosts?: Readonly<Record<string, ModelProvider>>
  /** Prices that come before those that are published. */
  readonly prices?: readonly PricedModel[]
}
