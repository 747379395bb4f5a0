import type { Clock } from './clock.ts'
import { sleep, throwIfAborted } from './abort.ts'
import { isSeamError } from './errors.ts'

export interface RetryOptions {
  /** Tries in all, at least 1. */
  readonly attempts: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** A number in [0, 1), drawn at the edge. */
  readonly random?: () => number
  readonly signal?: AbortSignal
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Capped exponential back-off with jitter: uniform between half and the whole of
 * `min(maxDelayMs, minDelayMs · 2^n)`. `n` counts failures from 0; `random` is in [0, 1).
 */
export function backoffMs(n: number, minDelayMs: number, maxDelayMs: number, random: number): number {
  const full = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(n, 52))
  return Math.floor(full / 2 + (full / 2) * random)
}

/** Calls again while the error's consequence is `retry`; a delay asked for by the error is honoured. */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const random = options.random ?? Math.random
  for (let n = 0; ; n++) {
    throwIfAborted(options.signal)
    try {
      return await call()
    } catch (error) {
      if (!isSeamError(error) || error.consequence !== 'retry' || n + 1 >= options.attempts) throw error
      await sleep(
        error.retryAfterMs ?? backoffMs(n, options.minDelayMs, options.maxDelayMs, random()),
        options.signal,
        options.clock,
      )
    }
  }
}
