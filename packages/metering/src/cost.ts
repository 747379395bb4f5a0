import type { TokenRates } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { ModelCall } from './call.ts'
import type { ModelPrice } from './prices.ts'
import { inputSide, totalTokens } from './tokens.ts'
import type { Tokens } from './tokens.ts'

/** What a call uses or may use. `nanoUsd` is in thousand-millionths of a dollar; both are safe integers. */
export interface Amount {
  readonly tokens: number
  readonly nanoUsd: number
}

/** The most that a call can use. What is absent has no bound. */
export type WorstCase = Partial<Amount>

/** A sum that is still exact. Errors: `LIMIT_EXCEEDED`. */
export function exact(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new SeamError('LIMIT_EXCEEDED', 'An amount is beyond what can be counted exactly.', {
      remedy: 'Lower the most tokens of an answer, or the price.',
    })
  return Number(value)
}

const times = (tokens: number, rate: number): bigint => BigInt(tokens) * BigInt(rate)

/**
 * What tokens cost, or `undefined` where a kind that was used has no price. Reasoning is part of the output.
 * Errors: `LIMIT_EXCEEDED`.
 */
export function costOf(tokens: Tokens, price: ModelPrice): number | undefined {
  const long = price.above !== undefined && inputSide(tokens) > price.above.inputTokens
  const rates = long && price.above !== undefined ? price.above.nanoUsdPerToken : price.nanoUsdPerToken
  let sum = times(tokens.output, rates.output)
  for (const kind of ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h'] as const) {
    const rate = rates[kind]
    if (tokens[kind] > 0 && rate === undefined) return undefined
    sum += times(tokens[kind], rate ?? 0)
  }
  return exact(sum)
}

function dearestInput(rates: TokenRates, cacheWrite: ModelCall['cacheWrite']): number {
  return Math.max(
    rates.input,
    rates.cacheRead ?? 0,
    cacheWrite === 'none' ? 0 : (rates.cacheWrite5m ?? 0),
    cacheWrite === '1h' ? (rates.cacheWrite1h ?? 0) : 0,
  )
}

/**
 * The most a call can use: every token of the input at the dearest price that the request can lead to, and the longest
 * answer. Content that is not in the request is bounded by the model's context, where the table says it. A call that can
 * cost more than tokens has no bound. Errors: `LIMIT_EXCEEDED`.
 */
export function worstCase(call: ModelCall, price: ModelPrice | undefined): WorstCase {
  if (call.unbounded.length > 0) return {}
  const { contextTokens } = price ?? {}
  const input =
    call.inputTokens === undefined || contextTokens === undefined
      ? (call.inputTokens ?? contextTokens)
      : Math.min(call.inputTokens, contextTokens)
  if (input === undefined) return {}
  const tokens = exact(BigInt(input) + BigInt(call.maxOutputTokens))
  if (price === undefined) return { tokens }
  const cost = (rates: TokenRates): bigint =>
    times(input, dearestInput(rates, call.cacheWrite)) + times(call.maxOutputTokens, rates.output)
  const usual = cost(price.nanoUsdPerToken)
  const long = price.above !== undefined && input > price.above.inputTokens ? cost(price.above.nanoUsdPerToken) : 0n
  return { tokens, nanoUsd: exact(usual > long ? usual : long) }
}

/** What an answer used, or `undefined` where its price is not known. Errors: `LIMIT_EXCEEDED`. */
export function amountOf(tokens: Tokens, price: ModelPrice | undefined): Amount | undefined {
  const nanoUsd = price === undefined ? undefined : costOf(tokens, price)
  return nanoUsd === undefined ? undefined : { tokens: totalTokens(tokens), nanoUsd }
}
