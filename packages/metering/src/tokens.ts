import { METERING_LIMITS } from './limits.ts'

/** The kinds of tokens that are counted apart. */
export const TOKEN_KINDS = ['input', 'output', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'reasoning'] as const

export type TokenKind = (typeof TOKEN_KINDS)[number]

/**
 * Counts of tokens, each a safe integer of at least 0. `input` is what was neither read from a cache nor written to
 * one. `reasoning` is the part of `output` that the provider says was reasoning, and 0 where it does not say.
 */
export type Tokens = Readonly<Record<TokenKind, number>>

export const NO_TOKENS: Tokens = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  reasoning: 0,
}

/** All tokens that went in, whatever their price: this is what a provider compares with its limits for long prompts. */
export function inputSide(tokens: Tokens): number {
  return tokens.input + tokens.cacheRead + tokens.cacheWrite5m + tokens.cacheWrite1h
}

/** In and out together; reasoning is part of the output. */
export function totalTokens(tokens: Tokens): number {
  return inputSide(tokens) + tokens.output
}

export function addTokens(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite5m: a.cacheWrite5m + b.cacheWrite5m,
    cacheWrite1h: a.cacheWrite1h + b.cacheWrite1h,
    reasoning: a.reasoning + b.reasoning,
  }
}

/** A count as a provider reports it; `undefined` for what is no whole number from 0 to the limit. */
export function readCount(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined
  return value >= 0 && value <= METERING_LIMITS.tokens ? value : undefined
}
