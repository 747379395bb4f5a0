import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { SeamError, systemCode, type Clock, type RedactionTable } from '@seamark/kit'
import type { UsagePort } from '@seamark/core'
import type { Authority as CertificateAuthority } from './authority.ts'
import { charges, namedHeaders, type Charge, type Reserving } from './charges.ts'
import { connectTunnel, endWith, failedAnswer } from './connect.ts'
import type { DecisionLog } from './decisions.ts'
import type { Dialer } from './dial.ts'
import { fail, forward } from './forward.ts'
import { requestHeaders } from './headers.ts'
import { bodyReader, heldBody, type HeldBody } from './held-body.ts'
import type { GatewayLimits } from './limits.ts'
import type { Meters } from './meters.ts'
import type { Authority } from './names.ts'
import type { Pinboard } from './pins.ts'
import { dropCounter } from './drops.ts'
import { connectionPool } from './pool.ts'
import { sendKept, untilClosed } from './kept.ts'
import type { Packages } from './packages.ts'
import { errorAnswer, rawAnswer, refusal, refusalAnswer, type Refusal } from './problems.ts'
import { factsOf, read, type Asked, type Facts } from './request.ts'
import { payloadOf, signRequest, whyUnsigned, type SignedRequest } from './signing.ts'
import { REASONS, type Rules } from './rules.ts'
import { turns } from './turns.ts'
import { withoutCredentials } from './credentials.ts'
import type { Added, Secrets } from './secrets.ts'

export interface AttemptContext {
  readonly launchId: string
  readonly rules: Rules
  readonly limits: GatewayLimits
  readonly pins: Pinboard
  readonly dialer: Dialer
  readonly secrets: Secrets
  readonly certificates: CertificateAuthority | undefined
  readonly meters: Meters
  /** Absent where no rule has a meter. */
  readonly usage: UsagePort | undefined
  readonly packages: Packages | undefined
  readonly log: DecisionLog
  readonly clock: Clock
}

// How often Node looks for requests that take too long.
const checkingMs = 1_000
// How many files that were kept are hashed for an attempt at one time: others are served by the same process.
const keptAtOnce = 2

const parseFailures: Readonly<Record<string, Refusal['reason']>> = {
  HPE_HEADER_OVERFLOW: 'too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'too-slow',
}

function parseFailure(error: Error): Refusal['reason'] {
  const begin: unknown = Reflect.get(error, 'rawPacket')
  if (Buffer.isBuffer(begin) && begin.subarray(0, 14).toString('latin1') === 'PRI * HTTP/2.0') return 'http2'
  return parseFailures[systemCode(error) ?? ''] ?? 'malformed'
}

/** Whether the program only ended its connection, in the middle of a body too. */
function isGone(error: Error): boolean {
  return !/^(?:HPE_(?!INVALID_EOF_STATE)|ERR_HTTP_)/.test(systemCode(error) ?? '')
}

/** What serves one attempt, and ends all that it has open. */
export function attemptServer(context: AttemptContext): {
  readonly serve: (listener: Server) => void
  readonly end: () => Promise<void>
} {
  const { launchId, rules, limits, pins, dialer, secrets, certificates, meters, usage, packages, log, clock } = context
  const readBody = bodyReader(Math.min(limits.maxMeteredBytes, limits.maxRequestBytes), limits.maxHeldBytes)
  const charged = usage && charges(usage, clock)
  const pool = connectionPool(dialer, limits.maxConnections)
  const readingKept = turns(keptAtOnce)
  const open = new Set<Socket>()
  // Where the program takes the gateway for a host.
  const interceptedAs = new WeakMap<Socket, Authority>()
  const answering = new WeakSet<Socket>()
  // What is on its way for the program, and why what came on a connection was no request, or no body.
  const sending = new WeakMap<Socket, Facts>()
  const broken = new WeakMap<Socket, Refusal['reason']>()

  const refuse = (reason: Refusal['reason'], facts: Facts, count?: number): Promise<void> =>
    log.record({ launchId, at: clock.now(), outcome: 'refused', ...refusal(reason), ...facts }, count)
  const allow = (facts: Facts, address: string | undefined, inject?: string): Promise<void> =>
    log.record({
      launchId,
      at: clock.now(),
      outcome: 'allowed',
      reason: address === undefined ? 'cached' : 'listed',
      ...facts,
      ...(address !== undefined && { address }),
      ...(inject !== undefined && { inject }),
    })

  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersMs,
    // A body may take its time as long as it moves.
    requestTimeout: 0,
    connectionsCheckingInterval: checkingMs,
    keepAliveTimeout: Math.min(limits.idleMs, 60_000),
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  })
  server.timeout = limits.idleMs
  // Counted by us: Node drops what is over silently.
  server.maxHeadersCount = 0

  /** Errors: those of `UsagePort.reserve`. */
  async function reserve(
    name: string,
    { method, authority: { host }, target }: Asked,
    body: Uint8Array,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<Reserving> {
    const meter = meters.find(name)
    if (meter === undefined || charged === undefined) throw new SeamError('INTERNAL', 'There is nothing to meter by.')
    const sent = requestHeaders(req.rawHeaders, { scrubbed: false, metered: true }, secrets.carriers)
    const path = `${target.path}${target.query}`
    return charged.reserve(meter, { method, host, path, headers: namedHeaders(sent), body }, res)
  }

  const signedHeaders = (req: IncomingMessage, metered: boolean): readonly string[] =>
    requestHeaders(req.rawHeaders, { scrubbed: false, metered, signed: true }, secrets.carriers)

  async function answer(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): Promise<void> {
    const reading = read(req, interceptedAs.get(req.socket), limits.maxHeaders)
    const refuseWith = async (
      reason: Refusal['reason'],
      facts: Facts,
      words = refusalAnswer(reason),
    ): Promise<void> => {
      await refuse(reason, facts)
      const hasBody = !('asked' in reading) || reading.asked.length !== 0
      fail(res, words, hasBody)
    }
    if ('reason' in reading) return refuseWith(reading.reason, reading.facts)
    const { asked } = reading
    const { authority, method, target, length } = asked
    const facts = factsOf(asked)
    const matched = rules.matcher.match({ ...authority, mode: asked.mode, method, path: target.path })
    if (!matched.allowed) return refuseWith(REASONS[matched.reason], facts)
    // What can not be allowed any more is not reserved first: each time that would be records for ever.
    if (!log.hasRoom()) return refuseWith('too-many-decisions', facts)
    if (length !== 'chunked' && length > limits.maxRequestBytes) return refuseWith('too-large', facts)
    const place = `${authority.host} ${authority.port}`
    const { inject, meter } = matched.rule
    const mayGo = requestHeaders(req.rawHeaders, { scrubbed: false, metered: false }, secrets.carriers)
    const file = { authority, method, target, length, sent: mayGo, inject }
    const signing = inject === undefined ? undefined : secrets.signing(inject)
    // What is metered or signed is no file of a package.
    const files = meter === undefined && signing === undefined ? packages : undefined
    const kept = await files?.find(file, untilClosed(res), readingKept)
    // It may have waited for its turn.
    if (files !== undefined && res.destroyed) return kept?.close()
    if (kept !== undefined) {
      try {
        // Where the credential was taken away, so is what it was needed for.
        if (inject !== undefined) await secrets.headerFor(inject, place)
      } catch {
        await kept.close()
        return refuseWith('secret', facts)
      }
      return sendKept(res, kept, secrets.sentTo(place), () => allow(facts, undefined, inject))
    }
    const pin = await pins.pin(authority.host)
    if ('reason' in pin) return refuseWith(pin.reason, facts)
    const payload = signing && payloadOf(req.rawHeaders, signing)
    if (signing !== undefined && payload === undefined) return refuseWith('payload', facts)
    const toSign = signing && { method, authority, target, sent: signedHeaders(req, false) }
    const unsigned = toSign && whyUnsigned(toSign)
    if (unsigned !== undefined) return refuseWith(unsigned, facts)
    let held: HeldBody | undefined
    // What a meter changes is not what the program said the digest of.
    if (meter !== undefined || payload === 'whole') {
      if (expectsContinue) res.writeContinue()
      const body = await readBody(req, res, length)
      if (body === 'gone') return
      if (typeof body === 'string') return refuseWith(body, facts)
      held = body
    }
    let credential: Added | undefined
    try {
      // A signature is made of what is sent, which is not known yet.
      if (inject !== undefined && signing === undefined) credential = await secrets.headerFor(inject, place)
    } catch {
      // The store's error may say more than a program inside may know.
      return refuseWith('secret', facts)
    }
    let charge: Charge | undefined
    if (meter !== undefined && held !== undefined) {
      let reserving: Reserving
      try {
        reserving = await reserve(meter, asked, held.take(), req, res)
      } catch {
        // As above: of what keeps the budgets it sees no word.
        return refuseWith('reservation', facts)
      }
      if (reserving.kind === 'gone') return
      if (reserving.kind === 'refused') return refuseWith(reserving.reason, facts, reserving.answer)
      held = heldBody(reserving.body, held.release)
      if (reserving.kind === 'call') ({ charge } = reserving)
    }
    let signed: SignedRequest | undefined
    if (inject !== undefined && payload !== undefined && toSign !== undefined) {
      const sent = signedHeaders(req, charge !== undefined)
      try {
        signed = await signRequest({ ...toSign, sent, payload, held }, (request) =>
          secrets.signatureFor(inject, place, request),
        )
      } catch {
        return refuseWith('secret', facts)
      }
      ;({ held } = signed)
      credential = signed.added
    }
    await allow(facts, pin.address, inject)
    const reason = broken.get(req.socket)
    if (reason !== undefined) return refuse(reason, facts)
    // Nobody is left to send it for.
    if (res.destroyed) return
    sending.set(req.socket, facts)
    // A host may send back under any rule what it was sent under another one.
    const known = (): RedactionTable | undefined => secrets.sentTo(place)
    const query = known() === undefined ? target.query : withoutCredentials(target.query)
    const outgoing = {
      authority,
      address: pin.address,
      method,
      target: signed?.target ?? `${target.path}${query}`,
      length: held?.length ?? length,
      credential,
      signed: signed !== undefined,
      carriers: secrets.carriers,
      known,
      // A body that was read was asked for.
      expectsContinue: expectsContinue && held === undefined,
      held,
      charge,
      keeping: files?.keeping(file),
      follow: inject === undefined ? undefined : (gone: () => void) => secrets.follow(inject, gone),
    }
    const unreachable = (): void => pins.forget(authority.host)
    forward(req, res, outgoing, { pool, limits, unreachable, cut: (reason) => refuse(reason, facts) })
  }

  function onRequest(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const { socket } = req
    if (answering.has(socket)) {
      // Two answers at once could be told apart by nobody who does not know this.
      refuse('pipelining', {}).then(
        () => socket.destroy(),
        () => socket.destroy(),
      )
      return
    }
    answering.add(socket)
    res.on('close', () => {
      answering.delete(socket)
      sending.delete(socket)
    })
    // Something may still be written to one that is gone, which would be an error that nobody listens to.
    res.on('error', () => res.destroy())
    answer(req, res, expectsContinue).catch((error: unknown) => fail(res, errorAnswer(error), true))
  }

  server.on('request', (req, res) => onRequest(req, res, false))
  server.on('checkContinue', (req, res) => onRequest(req, res, true))
  server.on('checkExpectation', (req, res) => onRequest(req, res, false))

  server.on('connect', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    connectTunnel(req, socket, head, {
      rules,
      limits,
      pins,
      dialer,
      certificates,
      allow,
      refuse,
      intercepted(secure, authority) {
        interceptedAs.set(secure, authority)
        server.emit('connection', secure)
      },
    }).catch((error: unknown) => endWith(socket, failedAnswer(error)))
  })

  server.on('clientError', (error: Error, socket: Socket) => {
    if (!socket.writable || isGone(error)) return void socket.destroy()
    const reason = parseFailure(error)
    if (answering.has(socket)) {
      // Nothing more of what was allowed may leave while its end is being recorded.
      socket.destroy()
      broken.set(socket, reason)
      const facts = sending.get(socket)
      // What was not allowed yet is recorded with its decision. It is ended also where that can not be done, which the log tells.
      if (facts !== undefined) refuse(reason, facts).catch(() => undefined)
      return
    }
    refuse(reason, { ...interceptedAs.get(socket) }).then(
      () => endWith(socket, rawAnswer(refusalAnswer(reason))),
      (failure: unknown) => endWith(socket, failedAnswer(failure)),
    )
  })

  const drops = dropCounter((count) => refuse('too-many-connections', {}, count))

  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })

  return {
    serve(listener) {
      listener.maxConnections = limits.maxConnections
      listener.on('drop', drops.add)
      listener.removeAllListeners('connection')
      listener.on('connection', (socket: Socket) => server.emit('connection', socket))
      // Node looks for slow requests from then on only.
      server.emit('listening')
    },
    async end() {
      pool.destroy()
      server.close()
      for (const socket of open) socket.destroy()
      await charged?.idle()
      await drops.flush()
      await log.flush()
    },
  }
}
