import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import { request } from 'node:https'
import { isIP } from 'node:net'
import { limitHeaders } from '@seamark/metering'
import { SeamError, systemCode, type RedactionTable } from '@seamark/kit'
import { namedHeaders, type Charge } from './charges.ts'
import { countBytes } from './count-bytes.ts'
import type { Added } from './secrets.ts'
import { answerHeaders, areClean, requestHeaders, values } from './headers.ts'
import type { HeldBody } from './held-body.ts'
import type { GatewayLimits } from './limits.ts'
import { written, type Authority } from './names.ts'
import type { Pool } from './pool.ts'
import { errorAnswer, refusalAnswer, type ProblemAnswer, type Refusal } from './problems.ts'
import type { Packages } from './packages.ts'
import { scrubbing, scrubHeaders } from './scrub.ts'

/** A request that is allowed and recorded. */
export interface Outgoing {
  readonly authority: Authority
  readonly address: string
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly length: number | 'chunked'
  /** What is added, and what in its place where the host answers 401. */
  readonly credential: Added | undefined
  /** Whether what is added is a signature. */
  readonly signed: boolean
  /** Names of headers that the program may not send, besides those that are known. */
  readonly carriers: ReadonlySet<string>
  /** What is taken out of the answer, if anything; asked for again when the answer comes. */
  readonly known: () => RedactionTable | undefined
  /** Whether the program waits to be told before it sends the body. */
  readonly expectsContinue: boolean
  /** What goes out in place of the program's body, which was read. */
  readonly held: HeldBody | undefined
  /** Where the call is metered. */
  readonly charge: Charge | undefined
  /** What keeps the answer as it passes, where it may be kept. */
  readonly keeping: ReturnType<Packages['keeping']>
  /** Has something called once what is added was taken away; gives what ends that. Absent where nothing is added. */
  readonly follow: ((gone: () => void) => () => void) | undefined
}

/** Answers with a problem. What was begun already is cut, so that it does not look whole. */
export function fail(res: ServerResponse, problem: ProblemAnswer, close: boolean): void {
  if (res.headersSent || res.destroyed) return void res.destroy()
  res.writeHead(problem.status, [...problem.headers, ...(close ? ['connection', 'close'] : [])])
  res.end(problem.body)
}

function headersOf(req: IncomingMessage, outgoing: Outgoing): readonly string[] {
  const { authority, length, credential, carriers, charge, signed } = outgoing
  const scrubbed = outgoing.known() !== undefined
  const asks = { ...(scrubbed && { 'accept-encoding': 'identity' }), ...charge?.headers }
  return [
    'host',
    written(authority),
    ...requestHeaders(req.rawHeaders, { scrubbed, metered: charge !== undefined, signed }, carriers),
    ...(credential?.headers ?? []),
    ...Object.entries(asks).flat(),
    ...(length === 'chunked' ? ['transfer-encoding', 'chunked'] : []),
    ...(length !== 'chunked' && (length > 0 || !['GET', 'HEAD'].includes(req.method ?? ''))
      ? ['content-length', String(length)]
      : []),
  ]
}

/** Has an answer read on its way to the program, and its end wait until it is settled what it cost. */
function metering(answer: IncomingMessage, charge: Charge): Transform {
  answer.on('data', charge.reads)
  answer.on('end', () => void charge.over(answer.complete))
  answer.on('close', () => void charge.over(false))
  return new Transform({
    transform: (piece: Buffer, _, done) => done(null, piece),
    // With the program's next call there is room again.
    flush(done) {
      const end = async (): Promise<void> => (await charge.over(answer.complete), done())
      void end()
    },
  })
}

/** Sends an answer on, as it comes. `over` is called where it is larger than it may be. */
function pass(
  answer: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  {
    limits,
    told,
    over,
  }: {
    readonly limits: GatewayLimits
    readonly told: ReturnType<Charge['begins']>
    readonly over: () => void
  },
): void {
  const known = outgoing.known()
  const { charge } = outgoing
  const { rawHeaders, statusCode = 502 } = answer
  const refuse = (message: string): void => {
    answer.destroy()
    fail(res, errorAnswer(new SeamError('UNAVAILABLE', message)), true)
  }
  if (statusCode < 200 || statusCode > 599) return refuse('The answer has a status that HTTP does not know.')
  if (rawHeaders.length / 2 > limits.maxHeaders || !areClean(rawHeaders))
    return refuse('The headers of the answer are too many or not well formed.')
  const encoded = values(rawHeaders, 'content-encoding').some((coding) => coding.trim().toLowerCase() !== 'identity')
  if (known !== undefined && encoded && outgoing.method !== 'HEAD')
    return refuse('The answer is compressed although it was asked not to be: it can not be checked for credentials.')
  if (Number(answer.headers['content-length'] ?? 0) > limits.maxAnswerBytes) return (answer.destroy(), over())
  const fate = { scrubbed: known !== undefined, metered: charge !== undefined, signed: outgoing.signed, told }
  const headers = answerHeaders(rawHeaders, fate)
  res.writeHead(statusCode, [...(known === undefined ? headers : scrubHeaders(headers, known))])
  // A stream of events may be silent for long after its headers; a body that is there already goes out with them.
  setImmediate(() => {
    if (!res.destroyed && !res.writableEnded) res.flushHeaders()
  })
  const cut = (): void => void (res.destroy(), answer.destroy())
  answer.on('error', cut)
  countBytes(answer, limits.maxAnswerBytes, () => (answer.destroy(), over()))
  const read = charge === undefined ? answer : answer.pipe(metering(answer, charge)).on('error', cut)
  const clean = known === undefined ? read : read.pipe(scrubbing(known)).on('error', cut)
  const keeping = outgoing.keeping?.(answer, res)
  if (keeping === undefined) clean.pipe(res)
  else clean.pipe(keeping).on('error', cut).pipe(res)
}

function headOf({ statusCode = 502, rawHeaders }: IncomingMessage): Parameters<Charge['begins']>[0] {
  const [contentType, contentEncoding] = ['content-type', 'content-encoding'].map((name) => {
    const all = values(rawHeaders, name)
    return all.length === 0 ? undefined : all.join(', ').toLowerCase()
  })
  const limits = limitHeaders(statusCode, Object.entries(namedHeaders(rawHeaders)))
  return {
    status: statusCode,
    ...(contentType !== undefined && { contentType }),
    ...(contentEncoding !== undefined && { contentEncoding }),
    ...(limits && { limits }),
  }
}

/** Why nothing came back, without what the other side may have put into it. */
function whyNot(error: unknown): SeamError {
  if (error instanceof SeamError) return error
  const code = systemCode(error) ?? ''
  if (code.startsWith('HPE_')) return new SeamError('UNAVAILABLE', 'The answer is not well-formed HTTP.')
  return new SeamError('UNAVAILABLE', 'The host ended the connection without an answer.', {
    remedy: 'Try again later.',
  })
}

/**
 * Sends a request on and its answer back, streaming both. Redirects are answers like any other: whoever follows one asks
 * anew. `unreachable` is called where the address did not answer. What goes over a limit on its way, or
 * loses its credential, is ended at once; `cut` makes that a record, and the program is told after it.
 */
export function forward(
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  {
    pool,
    limits,
    unreachable,
    cut,
  }: {
    readonly pool: Pool
    readonly limits: GatewayLimits
    readonly unreachable: () => void
    readonly cut: (reason: Refusal['reason']) => Promise<void>
  },
): void {
  const { authority, address, method, target, length, expectsContinue, held, charge, credential } = outgoing
  let added = credential
  let sent: ClientRequest | undefined
  let answered = false
  let whole = false
  const stop = (problem: ProblemAnswer): void => {
    answered = true
    sent?.destroy()
    fail(res, problem, length !== 0)
  }

  let ended = false
  const end = (reason: Refusal['reason']): void => {
    if (ended) return
    ended = true
    answered = true
    sent?.destroy()
    req.pause()
    const last = (problem: ProblemAnswer): void => {
      // A host may have answered before all was sent: that answer has left the connection, and the body goes on.
      if (res.headersSent || res.destroyed) req.socket.destroy()
      fail(res, problem, true)
    }
    cut(reason).then(
      () => last(refusalAnswer(reason)),
      (error: unknown) => last(errorAnswer(error)),
    )
  }
  /** Nothing moves any more: the program keeps back its body or takes no more of the answer, or else the host is silent. */
  const silent = (asked: ClientRequest): void => {
    const byProgram = req.complete ? res.writableNeedDrain : !asked.writableNeedDrain
    if (byProgram) end('too-slow')
    else if (!ended) stop(errorAnswer(new SeamError('TIMEOUT', 'The host was silent for too long.')))
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      stop(errorAnswer(error))
    }
  }

  function send(again: boolean): void {
    const asked = request({
      host: address,
      port: authority.port,
      servername: isIP(authority.host) === 0 ? authority.host : '',
      method,
      path: target,
      headers: headersOf(req, { ...outgoing, credential: added }),
      setHost: false,
      agent: again ? pool.fresh : pool.kept,
      maxHeaderSize: limits.maxHeaderBytes,
      timeout: limits.idleMs,
    })
    sent = asked
    asked.on('socket', () => charge?.sent())
    asked.on('response', (answer) => {
      answered = true
      const renew = answer.statusCode === 401 ? added?.renew : undefined
      if (renew !== undefined) return void renewed(answer, renew)
      took(answer)
    })
    const took = (answer: IncomingMessage): void =>
      // What is thrown in an event would end the process, and with it the ways out of all attempts.
      guarded(() => {
        const told = charge?.begins(headOf(answer)) ?? {}
        pool.announced(answer.socket, values(answer.rawHeaders, 'keep-alive')[0])
        answer.on('end', () => (whole = answer.complete))
        pass(answer, res, outgoing, { limits, told, over: () => end('too-large') })
      })
    /** Once for a request. What is added anew is for the next one, and for this one where it has no body. */
    async function renewed(answer: IncomingMessage, renew: NonNullable<Added['renew']>): Promise<void> {
      // It may end while nobody reads it.
      answer.on('error', () => undefined)
      const headers = await renew().catch(() => undefined)
      if (answer.destroyed) return stop(errorAnswer(whyNot(undefined)))
      if (headers === undefined || length !== 0 || res.destroyed) return took(answer)
      answer.destroy()
      answered = false
      added = { headers }
      guarded(() => send(true))
    }
    // Answers that are not for this request, and one that changes the protocol although none was asked for.
    asked.on('upgrade', (_, socket) => void socket.destroy())
    asked.on('timeout', () => silent(asked))
    const failed = (error: unknown): void => {
      if (sent !== asked || ended) return
      if (answered) return void (res.writableEnded || res.destroy())
      if (asked.reusedSocket && !again && length === 0 && (method === 'GET' || method === 'HEAD'))
        return guarded(() => send(true))
      unreachable()
      stop(errorAnswer(whyNot(error)))
    }
    asked.on('error', failed)
    asked.on('close', () => {
      if (sent === asked && !answered) failed(undefined)
    })
    if (length === 0) asked.end()
    else if (held === undefined) req.pipe(asked)
    else asked.end(held.take(), held.release)
  }

  const unfollow = outgoing.follow?.(() => end('secret'))
  if (unfollow !== undefined) res.on('close', unfollow)

  // What was exchanged whole leaves its connection to the pool, also where Node is not done with it yet.
  res.on('close', () => {
    if (!(whole && sent?.writableEnded === true)) sent?.destroy()
    // Answered before all was sent: nobody wants the rest, which may have no end.
    if (!req.complete && !req.socket.destroyed) req.socket.destroySoon()
  })
  req.on('error', () => sent?.destroy())
  // Whoever listens has to end the connection.
  res.on('timeout', () => (sent === undefined ? res.destroy() : silent(sent)))
  if (length !== 0 && held === undefined) {
    countBytes(req, limits.maxRequestBytes, () => end('too-large'))
    // What counts also starts the flow; it is held until there is somewhere to put it.
    req.pause()
  }
  if (expectsContinue) res.writeContinue()
  send(false)
}
