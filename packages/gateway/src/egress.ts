import { rm } from 'node:fs/promises'
import type { AttemptFact, CallOptions, Egress, EgressSpec, EgressWay, ErrorCode, UsagePort } from '@seamark/core'
import {
  backoffMs,
  hasCode,
  listenPrivately,
  SeamError,
  sleep,
  systemClock,
  throwIfAborted,
  toSeamError,
} from '@seamark/kit'
import { fit, question, type Handlers } from './channel.ts'
import { carriersOf } from './credentials.ts'
import { gatewayProcess, type GatewayProcess } from './gateway-process.ts'
import { egressGateway, refuseMeters } from './gateway.ts'
import type { Issuer } from './issuer.ts'
import { refusedMessage, signMessage, standsMessage, tokenMessage } from './issuer-messages.ts'
import { issuing } from './issuing.ts'
import { metersOf } from './meters.ts'
import type { EgressDecision, EgressGatewayOptions } from './options.ts'
import { decidedMessage, opened, openMessage, readyMessage } from './process-options.ts'
import { mayBeSigned } from './rules.ts'
import { reserveMessage, settleMessage } from './usage-messages.ts'
import { workingFolder } from './working-folder.ts'

export interface GatewayEgressOptions extends Omit<EgressGatewayOptions, 'lookup' | 'clock' | 'packagesDir'> {
  /** Absolute folder for what `packages` has kept, made with mode 0700 for the user of the process. Needed with `packages`. */
  readonly packagesDir?: string
  /** As whom the gateway's process goes on where it is started by root. Default: uid and gid 64,199, which need no entry anywhere. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Told when the process ended by itself, of what keeps it from being started anew, and of what it says. */
  readonly onNotice?: (error: Error) => void
}

export interface GatewayEgress extends Egress {
  /** Meters that a rule may name: the hosts whose calls each reads, as names and patterns of names. */
  readonly meters: Readonly<Record<string, readonly (string | RegExp)[]>>
  /** Ends the process and so all connections; sockets stay, and lead nowhere. Idempotent. */
  close(): Promise<void>
}

interface Held {
  readonly spec: EgressSpec
  /** By which process; absent while it is being opened, which fails with the process. */
  served: GatewayProcess | undefined
  /** Whether the socket is there, and ours to remove. */
  bound: boolean
  closing: Promise<void> | undefined
  /** Nothing can be recorded of it any more. */
  over: boolean
}

// Above the user of sandboxes, below nobody.
const ownUser = { uid: 64_199, gid: 64_199 }
const RESTART_MS = { least: 50, most: 5_000 }

function factOf({ launchId: _, at, ...decision }: EgressDecision): AttemptFact {
  return { kind: 'egress.decided', data: { ...decision, first: at } }
}

/**
 * The way out of launches by one gateway process of this host, which is started with the first and owned by this process: it
 * is given the sockets, asks for secrets, and tells each decision, which is a record before anything goes out. Where it
 * ends, it is started anew and all sockets are opened again at their places; until then programs get connection errors.
 *
 * Errors: those of `egressGateway` for its options. Does no I/O before `open`.
 */
export function gatewayEgress(options: GatewayEgressOptions): GatewayEgress {
  const { resolve, replace, stands, user = ownUser, onNotice = () => undefined, ...rest } = options
  // It says what is wrong with the options, here and now.
  egressGateway({ ...rest, ...(resolve && { resolve }) })
  const { credentials = {} } = rest
  const known = new Set(resolve === undefined ? [] : Object.keys(credentials))
  const meters = metersOf(rest.meters ?? {}, systemClock)
  const held = new Map<number, Held>()
  const stopping = new AbortController()
  const issuer = issuing(
    { ...rest, ...(resolve && { resolve }), ...(replace && { replace }), ...(stands && { stands }), onNotice },
    stopping.signal,
  )
  // Why each secret could not be had when it was asked for last.
  const failing = new Map<string, ErrorCode>()
  let attempts = 0
  let started: Promise<GatewayProcess> | undefined

  const casWith = (ca: string | undefined): readonly string[] => [
    ...(ca === undefined ? [] : [ca]),
    ...(rest.extraCas ?? []),
  ]

  function running(attempt: number): Held {
    const one = held.get(attempt)
    if (one === undefined) throw new SeamError('CONFLICT', 'The attempt is over.')
    return one
  }

  function usageOf(attempt: number): UsagePort {
    const { usage } = running(attempt).spec.port
    if (usage === undefined) throw new SeamError('UNSUPPORTED', 'There are no budgets of this attempt.')
    return usage
  }

  const handlers: Handlers = {
    ready: question(readyMessage, async ({ attempt, ca }) => {
      await running(attempt).spec.renewed?.(casWith(ca))
    }),
    decided: question(decidedMessage, async ({ attempt, decisions }) => {
      const one = running(attempt)
      try {
        await one.spec.port.note(decisions.map(factOf))
      } catch (error) {
        one.over ||= hasCode(error, 'CONFLICT')
        throw error
      }
    }),
    reserve: question(reserveMessage, async ({ attempt, request }) => usageOf(attempt).reserve(request)),
    settle: question(settleMessage, async ({ attempt, id, report }) => {
      try {
        await usageOf(attempt).settle(id, report)
      } catch (error) {
        // Nothing is lost: it stays reserved, and is charged so with the end of the attempt.
        onNotice(toSeamError(error))
        throw error
      }
    }),
    token: question(tokenMessage, async ({ attempt, name }) => {
      const { spec } = running(attempt)
      return issued(spec, name, async (from) => {
        const value = Uint8Array.from(await from.token(name))
        spec.used?.(name, value)
        return { value }
      })
    }),
    refused: question(refusedMessage, async ({ attempt, name, digest }) =>
      issued(running(attempt).spec, name, (from) => from.refused(name, digest)),
    ),
    stands: question(standsMessage, async ({ attempt, name }) => issuerFor(running(attempt).spec, name).stands(name)),
    sign: question(signMessage, async ({ attempt, name, request }) => {
      const { spec } = running(attempt)
      if (!mayBeSigned(spec.rules, name, request))
        throw new SeamError('FORBIDDEN', 'No rule of the attempt has that request signed.')
      return issued(spec, name, async (from) => {
        const signed = await from.sign(name, request)
        if (signed.sessionToken !== undefined) spec.used?.(name, Buffer.from(signed.sessionToken, 'latin1'))
        return signed
      })
    }),
  }

  /** Errors: `FORBIDDEN` where no rule of the attempt adds the secret. */
  function issuerFor({ rules }: EgressSpec, name: string): Issuer {
    if (issuer === undefined || !known.has(name) || !rules.some(({ inject }) => inject === name))
      throw new SeamError('FORBIDDEN', 'No rule of the attempt adds that secret.')
    return issuer
  }

  /** What is issued to an attempt, where a rule of it adds the secret. */
  async function issued<T>(spec: EgressSpec, name: string, give: (from: Issuer) => Promise<T>): Promise<T> {
    const from = issuerFor(spec, name)
    try {
      const given = await give(from)
      failing.delete(name)
      return given
    } catch (error) {
      // The store's own words stay here. A program that asks again and again is told of once.
      const told = toSeamError(error)
      if (failing.get(name) !== told.code) onNotice(told)
      failing.set(name, told.code)
      throw new SeamError('UNAVAILABLE', 'The secret can not be had.')
    }
  }

  function ready(): Promise<GatewayProcess> {
    const { meters: settings, packages, packagesDir, privateRanges, extraCas, proxy, limits } = rest
    started ??= gatewayProcess(
      {
        user,
        carriers: issuer === undefined ? {} : carriersOf(credentials),
        ...(settings && { meters: settings }),
        ...(packages && { packages }),
        ...(privateRanges && { privateRanges }),
        ...(extraCas && { extraCas }),
        ...(proxy && { proxy }),
        ...(limits && { limits }),
      },
      handlers,
      onNotice,
      workingFolder(packages && packagesDir, user),
    ).then(
      (made) => {
        void made.ended.then((how) => lost(how), onNotice)
        return made
      },
      (error: unknown) => {
        started = undefined
        throw error
      },
    )
    return started
  }

  async function serve(attempt: number, one: Held) {
    const { launchId, socketPath, rules, port } = one.spec
    const asked = fit(openMessage, { attempt, launchId, rules, meters: port.usage !== undefined })
    const made = await ready()
    const listener = await listenPrivately(socketPath)
    one.bound = true
    try {
      const way = opened.parse(await made.ask('open', asked, listener))
      one.served = made
      return way
    } finally {
      // The process has its own.
      await new Promise<void>((done) => listener.close(() => done()))
    }
  }

  /** Whether all that still run are served; one that can not be does not keep the others from it. */
  async function servedAgain(): Promise<boolean> {
    let made: GatewayProcess
    try {
      made = await ready()
    } catch (error) {
      onNotice(toSeamError(error))
      return false
    }
    let all = true
    for (const [attempt, one] of held) {
      if (one.closing !== undefined || one.served === undefined || one.served === made) continue
      try {
        await serve(attempt, one)
      } catch (error) {
        onNotice(toSeamError(error))
        all = false
      }
    }
    return all
  }

  /** Starts it anew for those that still run. */
  async function lost(how: string): Promise<void> {
    started = undefined
    if (stopping.signal.aborted) return
    onNotice(new SeamError('UNAVAILABLE', `The gateway's process ended (${how}). It is started anew.`))
    for (let failures = 0; !stopping.signal.aborted && held.size > 0; failures++) {
      if (await servedAgain()) return
      await sleep(backoffMs(failures, RESTART_MS.least, RESTART_MS.most, Math.random()), stopping.signal).catch(
        () => undefined,
      )
    }
  }

  async function shut(attempt: number, one: Held): Promise<void> {
    // Whoever had it started was told that it was not.
    const process = await started?.catch(() => undefined)
    try {
      if (one.served !== undefined) await process?.ask('close', { attempt })
    } catch (error) {
      if (!one.over) {
        one.closing = undefined
        throw error
      }
    }
    held.delete(attempt)
    if (one.bound) await rm(one.spec.socketPath, { force: true })
  }

  async function open(spec: EgressSpec, call: CallOptions = {}): Promise<EgressWay> {
    throwIfAborted(call.signal)
    if (stopping.signal.aborted) throw new SeamError('CONFLICT', 'The gateway is closed.')
    if (spec.port.usage === undefined) refuseMeters(spec.rules)
    const attempt = ++attempts
    const one: Held = { spec, served: undefined, bound: false, closing: undefined, over: false }
    held.set(attempt, one)
    const close = (): Promise<void> => (one.closing ??= shut(attempt, one))
    try {
      const { ca, endpoints } = await serve(attempt, one)
      throwIfAborted(call.signal)
      return { cas: casWith(ca), endpoints, close }
    } catch (error) {
      await close()
      throw error
    }
  }

  return {
    open,
    meters: meters.hosts,
    async close() {
      stopping.abort()
      // As above: what was not started has nothing to end.
      const process = await started?.catch(() => undefined)
      process?.end()
      await process?.ended
    },
  }
}
