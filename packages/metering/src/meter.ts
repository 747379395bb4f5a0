import type { SpendLimits, UsageAnswer, UsagePort } from '@seamark/core'
import { isSeamError, SeamError } from '@seamark/kit'
import type { ModelCall, ModelRequest, RequestOptions } from './call.ts'
import { amountOf, worstCase } from './cost.ts'
import type { Amount } from './cost.ts'
import { METERING_LIMITS } from './limits.ts'
import type { ModelPrice, PriceTable } from './prices.ts'
import { answerReader } from './read-answer.ts'
import type { AnswerHead } from './read-answer.ts'
import { limitedUntil } from './provider-limit.ts'
import { readRequest } from './read-request.ts'
import { refusalOf } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { totalTokens } from './tokens.ts'
import type { Tokens } from './tokens.ts'

export interface MeterOptions extends RequestOptions {
  readonly prices: PriceTable
  /** Epoch milliseconds. */
  readonly now: () => number
  /** A name for each call, never used before for the same port: 1 to 200 characters, such as a UUID. */
  readonly newId: () => string
}

/** What may be done with a request. */
export type Metered =
  /** It generates nothing: it may be sent as it is. */
  | { readonly kind: 'free' }
  /** Nothing may be sent; `answer` is one that the program's client understands. */
  | {
      readonly kind: 'refused'
      /** `budget`: an account has no room for it. `request`: what it can cost is not known, or it can not be read. */
      readonly why: 'budget' | 'request'
      readonly error: SeamError
      readonly answer: Refusal
    }
  | MeteredCall

/** A call that is reserved, and has to be settled with one of its two methods. */
export interface MeteredCall {
  readonly kind: 'call'
  /** What to send instead of the program's body, and headers to set. */
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  /** The answer has begun. */
  readonly answer: (head: AnswerHead) => MeteredAnswer
  /** There was no answer. Nothing is charged where nothing of the request was sent, otherwise what was reserved. */
  readonly failed: (sent: boolean) => Promise<void>
}

export interface MeteredAnswer {
  /** Headers that the program gets in place of those of the answer, or does not get: its client is not to wait for a limit that lasts. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The next bytes of the answer, as they go to the program. */
  push(bytes: Uint8Array): void
  /** The answer is over; `whole` where it was not cut. Resolves once it is settled. Errors: those of `UsagePort.settle`. */
  end(whole: boolean): Promise<void>
}

/** Reads the requests of a launch, takes the worst case of each from its budgets, and settles it by the answer. */
export interface Meter {
  /** Errors: those of `UsagePort.reserve`; nothing may be sent then. */
  begin(request: ModelRequest, usage: UsagePort): Promise<Metered>
}

const NO_WAITING = { 'x-should-retry': 'false', 'retry-after': undefined, 'retry-after-ms': undefined }

/** A name as a record can hold it. */
const named = (text: string): string => text.slice(0, 200).toWellFormed()

function unknown(): SeamError {
  return new SeamError('UNSUPPORTED', 'What this request costs is not known, so it can not be metered.', {
    remedy: 'Use an API of the meter, or a rule without one.',
  })
}

function noRoom(
  answer: UsageAnswer & { readonly ok: false },
  call: ModelCall,
  price: ModelPrice | undefined,
): SeamError {
  const { code, account, of } = answer
  if (code === 'LIMIT_EXCEEDED')
    return new SeamError('LIMIT_EXCEEDED', `The budget of ${account} is used up, or has no room for this call.`, {
      remedy: 'Ask for less, or have the budget raised.',
    })
  const why =
    call.unbounded.length > 0
      ? `${call.unbounded.join(', ')} can cost more than its tokens say`
      : of === 'nanoUsd' && price === undefined
        ? `${call.model} has no price here`
        : 'what it refers to is not in the request'
  return new SeamError('UNSUPPORTED', `The budget of ${account} has a limit, and this call has no bound: ${why}.`, {
    remedy: 'Leave that out, or have the price configured.',
  })
}

/** What an answer is charged; `undefined` where that can not be said. */
function chargeOf(tokens: Tokens, price: ModelPrice | undefined): Amount | undefined {
  // Without a price it was let through only where no account has a limit in money.
  if (price === undefined) return { tokens: totalTokens(tokens), nanoUsd: 0 }
  try {
    return amountOf(tokens, price)
  } catch (error) {
    // More than can be counted is more than was reserved, and no reason to leave the reservation open.
    if (!isSeamError(error)) throw error
    return undefined
  }
}

/**
 * Whether an answer may have used that much. The request bounds it, but for what a provider counts in other ways: without
 * this, one broken host would use up the budgets that others share.
 */
function isCredible(amount: Amount, worst: SpendLimits): boolean {
  const { timesReserved, timesReservedTokens } = METERING_LIMITS
  const { tokens = Number.POSITIVE_INFINITY, nanoUsd = Number.POSITIVE_INFINITY } = worst
  return amount.tokens <= tokens * timesReservedTokens && amount.nanoUsd <= nanoUsd * timesReserved
}

/** Its methods keep nothing of the request, which they may outlive by as long as an answer takes. */
function reservedCall(
  id: string,
  { api, stream, cacheWrite, body, headers }: ModelCall,
  price: ModelPrice | undefined,
  worst: SpendLimits,
  usage: UsagePort,
  now: () => number,
): MeteredCall {
  const nothing = { as: 'used', amount: { tokens: 0, nanoUsd: 0 } } as const
  return {
    kind: 'call',
    body,
    headers,
    failed: (sent) => usage.settle(id, sent ? { as: 'reserved' } : nothing),
    answer(head) {
      const reader = answerReader({ api, stream, cacheWrite }, head)
      const at = now()
      const until = head.limits && limitedUntil(head.limits, at)
      // Clients of Anthropic and OpenAI heed the one, Codex the others; otherwise they wait for hours, and hold a sandbox.
      const isLong = until !== undefined && until - at > METERING_LIMITS.clientWaitMs
      return {
        headers: isLong ? NO_WAITING : {},
        push: (bytes) => reader.push(bytes),
        async end(whole) {
          const outcome = reader.end(whole)
          if (outcome.kind === 'free')
            return usage.settle(id, { ...nothing, ...(until !== undefined && { limitedUntil: until }) })
          if (outcome.kind === 'reserved') return usage.settle(id, { as: 'reserved' })
          const { tokens } = outcome
          const amount = chargeOf(tokens, price)
          if (amount === undefined || !isCredible(amount, worst)) return usage.settle(id, { as: 'reserved' })
          return usage.settle(id, { as: 'used', amount, tokens })
        },
      }
    },
  }
}

/**
 * The meter of calls to model APIs. What can not be read is refused, never sent unmetered. It does no I/O but through the
 * port; `begin` resolves once the reservation is durable.
 */
export function modelMeter(options: MeterOptions): Meter {
  return {
    async begin(request, usage) {
      const refuse = (error: SeamError, isBudget = false): Metered => ({
        kind: 'refused',
        why: isBudget ? 'budget' : 'request',
        error,
        answer: refusalOf(request, options, error.message, isBudget),
      })
      let call: ModelCall
      let price: ModelPrice | undefined
      let worst: SpendLimits
      try {
        const reading = readRequest(request, options)
        if (reading.kind !== 'call') return reading.kind === 'free' ? { kind: 'free' } : refuse(unknown())
        call = reading.call
        const { provider, model, location } = call
        const at = options.now()
        price = options.prices.find({ provider, model, at, ...(location !== undefined && { location }) })
        worst = worstCase(call, price)
      } catch (error) {
        if (!isSeamError(error)) throw error
        return refuse(error)
      }
      const id = options.newId()
      const answer = await usage.reserve({ id, provider: call.provider, model: named(call.model), worst })
      if (!answer.ok) return refuse(noRoom(answer, call, price), answer.code === 'LIMIT_EXCEEDED')
      return reservedCall(id, call, price, worst, usage, options.now)
    },
  }
}
