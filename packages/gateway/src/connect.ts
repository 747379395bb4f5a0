import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Authority as CertificateAuthority } from './authority.ts'
import type { Dialer } from './dial.ts'
import { countBytes } from './count-bytes.ts'
import { firstBytes, type FirstBytes } from './hello.ts'
import { bodyLength, values } from './headers.ts'
import type { GatewayLimits } from './limits.ts'
import { authorityFrom, type Authority } from './names.ts'
import type { Pinboard } from './pins.ts'
import { errorAnswer, rawAnswer, refusalAnswer, type Refusal } from './problems.ts'
import type { Facts } from './request.ts'
import type { Rules } from './rules.ts'

/** What the attempt gives to its tunnels. */
export interface TunnelContext {
  readonly rules: Rules
  readonly limits: GatewayLimits
  readonly pins: Pinboard
  readonly dialer: Dialer
  readonly certificates: CertificateAuthority | undefined
  readonly allow: (facts: Facts, address: string) => Promise<void>
  readonly refuse: (reason: Refusal['reason'], facts: Facts) => Promise<void>
  /** Takes over a connection on which the gateway itself ends TLS. */
  readonly intercepted: (socket: TLSSocket, authority: Authority) => void
}

// Fatal alerts of TLS (RFC 8446, section 6), which a client understands where it waits for a ServerHello.
const alert = (description: number): Buffer => Buffer.from([21, 3, 1, 0, 2, 2, description])
const alerts = { unrecognizedName: alert(112), accessDenied: alert(49), internalError: alert(80) } as const

/** Says something last. */
export function endWith(socket: Socket, last: string | Buffer): void {
  socket.on('error', () => socket.destroy())
  socket.end(last, () => socket.destroy())
}

/** The host that a CONNECT names, if it names one and nothing else. */
function askedFor({ url = '', rawHeaders }: IncomingMessage): Authority | 'authority' | 'malformed' {
  if (bodyLength(rawHeaders) !== 0) return 'malformed'
  const authority = authorityFrom(url)
  const hosts = values(rawHeaders, 'host')
  // Clients of HTTP/1.0 send no Host with CONNECT.
  const stated = hosts.length === 0 ? authority : hosts.length === 1 ? authorityFrom(hosts[0] ?? '', 443) : undefined
  if (authority === undefined || stated?.host !== authority.host || stated.port !== authority.port) return 'authority'
  return authority
}

/** Whether a ClientHello is for the host of its tunnel. An address is no server name (RFC 6066), so none is sent for it. */
function refusalOf({ hello }: FirstBytes, host: string): Refusal['reason'] | undefined {
  if (hello.kind === 'none') return 'no-client-hello'
  if (hello.encrypted) return 'encrypted-server-name'
  if (hello.serverName === undefined) return isIP(host) === 0 ? 'server-name' : undefined
  return hello.serverName === host ? undefined : 'server-name'
}

/** Answers a CONNECT: a tunnel, a connection that is intercepted, or a refusal. Rejects where a decision can not be recorded. */
export async function connectTunnel(
  req: IncomingMessage,
  socket: Socket,
  head: Buffer,
  context: TunnelContext,
): Promise<void> {
  const { limits, refuse } = context
  const method = 'CONNECT'
  const refuseInClear = async (reason: Refusal['reason'], facts: Facts): Promise<void> => {
    await refuse(reason, { method, ...facts })
    endWith(socket, rawAnswer(refusalAnswer(reason)))
  }
  if (socket instanceof TLSSocket) return refuseInClear('wrong-mode', {})
  const authority = askedFor(req)
  if (typeof authority === 'string') return refuseInClear(authority, {})
  const modes = context.rules.matcher.modes(authority.host, authority.port)
  if (modes.length === 0) return refuseInClear('not-listed', authority)
  const mode = modes.find((way) => way !== 'endpoint')
  if (mode === undefined) return refuseInClear('wrong-mode', authority)

  const facts: Facts = { method, mode, ...authority }
  // A client sends its ClientHello only after this; nothing leaves the gateway before it was read.
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  const first = await firstBytes(socket, head, limits.headersMs)
  if (first === undefined) {
    await refuse('too-slow', facts)
    return void socket.destroy()
  }
  const reason = refusalOf(first, authority.host)
  if (reason !== undefined) {
    await refuse(reason, facts)
    return endWith(socket, reason === 'no-client-hello' ? rawAnswer(refusalAnswer(reason)) : alerts.unrecognizedName)
  }
  if (mode === 'tunnel') return tunnel(socket, first.bytes, authority, facts, context)
  return intercept(socket, first.bytes, authority, context)
}

async function tunnel(
  socket: Socket,
  hello: Buffer,
  { host, port }: Authority,
  facts: Facts,
  { pins, dialer, limits, allow, refuse }: TunnelContext,
): Promise<void> {
  const pin = await pins.pin(host)
  if ('reason' in pin) {
    await refuse(pin.reason, facts)
    return endWith(socket, alerts.accessDenied)
  }
  await allow(facts, pin.address)
  let far: Socket
  try {
    far = await dialer.tcp(pin.address, port)
  } catch {
    // The program sees the alert; that it was allowed is recorded.
    pins.forget(host)
    return endWith(socket, alerts.internalError)
  }
  if (socket.destroyed) return void far.destroy()
  const sides = [socket, far] as const
  const end = (): void => sides.forEach((side) => side.destroy())
  const tooMuch = (): void => {
    if (socket.destroyed) return
    end()
    // Where it can not be recorded, the deployment was told. It is over all the same.
    refuse('too-large', facts).catch(() => undefined)
  }
  countBytes(socket, limits.maxTunnelBytes - hello.length, tooMuch)
  countBytes(far, limits.maxTunnelBytes, tooMuch)
  for (const side of sides) {
    side.setTimeout(limits.idleMs, end)
    side.on('error', end)
    side.on('close', end)
  }
  far.write(hello)
  socket.pipe(far)
  far.pipe(socket)
}

async function intercept(
  socket: Socket,
  hello: Buffer,
  authority: Authority,
  { certificates, limits, intercepted }: TunnelContext,
): Promise<void> {
  const secureContext = await certificates?.contextFor(authority.host)
  if (secureContext === undefined || socket.destroyed) return endWith(socket, alerts.internalError)
  socket.unshift(hello)
  const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] })
  const end = (): void => void secure.destroy()
  const timer = setTimeout(end, limits.headersMs)
  secure.on('error', end)
  secure.on('close', () => clearTimeout(timer))
  secure.once('secure', () => {
    clearTimeout(timer)
    intercepted(secure, authority)
  })
}

/** What a program that could not be served sees, before it speaks TLS. */
export const failedAnswer = (error: unknown): string => rawAnswer(errorAnswer(error))
