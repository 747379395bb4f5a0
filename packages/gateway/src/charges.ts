import type { ServerResponse } from 'node:http'
import type { UsagePort } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import type { AnswerHead, Meter, Metered, MeteredAnswer, MeteredCall, ModelRequest } from '@seamark/metering'
import { headerName, pairs, type RawHeaders } from './headers.ts'
import { pace } from './pace.ts'
import type { ProblemAnswer, Refusal } from './problems.ts'

/** A call whose worst case is reserved, until it is settled. */
export interface Charge {
  /** Headers that it goes out with. */
  readonly headers: Readonly<Record<string, string>>
  /** From here on the host may have got something of it. */
  readonly sent: () => void
  /** An answer begins. Gives headers that the program gets in place of those of the answer, or does not get. */
  readonly begins: (head: AnswerHead) => MeteredAnswer['headers']
  /** The next bytes of the answer. */
  readonly reads: (bytes: Uint8Array) => void
  /**
   * It is over; `whole` where all of an answer came. Resolves once it is settled. Where that can not be recorded it stays
   * reserved, and is charged so at the end of the attempt. Only the first call counts. Never rejects.
   */
  readonly over: (whole: boolean) => Promise<void>
}

/** What may be done with a request under a rule with a meter. `gone`: nobody is left to do it for. */
export type Reserving =
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly reason: Refusal['reason']; readonly answer: ProblemAnswer }
  | { readonly kind: 'free'; readonly body: Uint8Array }
  | { readonly kind: 'call'; readonly body: Uint8Array; readonly charge: Charge }

/** What calls of an attempt are charged. */
export interface Charges {
  /** Resolves once the worst case is durable. The charge is over with `res` at the latest. Errors: those of `UsagePort.reserve`. */
  reserve(meter: Meter, request: ModelRequest, res: ServerResponse): Promise<Reserving>
  /** Resolves once nothing is open any more. */
  readonly idle: () => Promise<void>
}

/** Headers by their names as servers may take them. What comes twice is no longer any of its values. */
export function namedHeaders(raw: RawHeaders): Readonly<Record<string, string>> {
  const named = new Map<string, string>()
  for (const [name, value] of pairs(raw)) {
    const known = headerName(name)
    const before = named.get(known)
    named.set(known, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(named)
}

function refused({ why, error, answer }: Extract<Metered, { readonly kind: 'refused' }>): Reserving {
  const { status, headers, body } = answer
  const length = String(Buffer.byteLength(body))
  const raw = [...Object.entries(headers).flat(), 'content-length', length, 'cache-control', 'no-store']
  return { kind: 'refused', reason: reasonOf(why, error.code), answer: { status, headers: raw, body } }
}

function reasonOf(why: 'budget' | 'request', code: string): Refusal['reason'] {
  if (why === 'budget') return 'budget'
  if (code === 'INVALID_INPUT') return 'malformed'
  return code === 'LIMIT_EXCEEDED' ? 'too-large' : 'unmetered'
}

function chargeOf(call: MeteredCall, done: () => void): Charge {
  // Not its body, which an answer can outlive by far.
  const { headers, failed, answer } = call
  let isSent = false
  let reading: MeteredAnswer | undefined
  let isRead = true
  let settled: Promise<void> | undefined

  // What is thrown where an answer comes in would end the process, and with it the ways out of all attempts. What could not be
  // read is charged as it was reserved.
  function guarded(work: () => void): void {
    if (!isRead) return
    try {
      work()
    } catch {
      isRead = false
    }
  }

  async function settle(whole: boolean): Promise<void> {
    try {
      await (!isRead ? failed(true) : reading === undefined ? failed(isSent) : reading.end(whole))
    } catch {
      // Whoever keeps the budgets was asked and knows: what stays reserved is charged with the end of the attempt.
    } finally {
      done()
    }
  }

  return {
    headers,
    sent: () => void (isSent = true),
    begins(head) {
      guarded(() => void (reading ??= answer(head)))
      return reading?.headers ?? {}
    },
    reads: (bytes) => guarded(() => reading?.push(bytes)),
    over: (whole) => (settled ??= settle(whole)),
  }
}

export function charges(usage: UsagePort, clock: Clock): Charges {
  const open = new Set<Promise<void>>()
  const inTurn = pace(clock)

  async function begin(meter: Meter, request: ModelRequest, res: ServerResponse): Promise<Reserving> {
    // It may have waited for its turn.
    if (res.destroyed) return { kind: 'gone' }
    const { promise, resolve } = Promise.withResolvers<void>()
    open.add(promise)
    const done = (): void => {
      open.delete(promise)
      resolve()
    }
    let metered: Metered
    try {
      metered = await meter.begin(request, usage)
    } catch (error) {
      done()
      throw error
    }
    if (metered.kind !== 'call') {
      done()
      return metered.kind === 'free' ? { kind: 'free', body: request.body } : refused(metered)
    }
    const charge = chargeOf(metered, done)
    // Whatever becomes of it, nothing of it comes after.
    if (res.closed) void charge.over(false)
    else res.once('close', () => void charge.over(false))
    return { kind: 'call', body: metered.body, charge }
  }

  return {
    // A large body takes long to read, and meanwhile nobody else is served.
    reserve: (meter, request, res) => inTurn(() => begin(meter, request, res)),
    async idle() {
      while (open.size > 0) await Promise.all(open)
    },
  }
}
