import type { UsagePort } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { channel, fit, question, type Handlers } from './channel.ts'
import { servingGateway, type ServingGateway } from './gateway.ts'
import type { Issuer } from './issuer.ts'
import {
  refusedAnswer,
  refusedMessage,
  signAnswer,
  signMessage,
  standsAnswer,
  standsMessage,
  tokenAnswer,
  tokenMessage,
} from './issuer-messages.ts'
import type { AttemptEgress } from './options.ts'
import {
  closeMessage,
  decidedMessage,
  openMessage,
  readyMessage,
  startMessage,
  type ProcessOptions,
} from './process-options.ts'
import { reserveMessage, settleMessage, usageAnswer } from './usage-messages.ts'

// The gateway's own process. Its sockets are handed to it, secrets and reservations are asked for, decisions are told: it needs
// no file and no right of the service's.

const attempts = new Map<number, AttemptEgress>()
let gateway: ServingGateway | undefined

/** Gives up what root may do. Errors: those of the system, and then nothing is served. */
function become({ uid, gid }: ProcessOptions['user']): void {
  if (process.geteuid?.() !== 0) return
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
}

const handlers: Handlers = {
  start: question(startMessage, async ({ user, ...options }) => {
    become(user)
    gateway = servingGateway({
      ...options,
      // It was started in the folder, which it needs no way to then.
      packagesDir: '.',
      onNotice: ({ message }) => void process.stderr.write(`${message}\n`),
    })
  }),

  open: question(openMessage, async ({ attempt, launchId, rules, meters }, listener) => {
    if (gateway === undefined || listener === undefined) throw new SeamError('INTERNAL', 'There is nothing to serve.')
    // It listens already: whoever connects before it is served is turned away.
    listener.on('connection', (socket) => socket.destroy())
    const egress = await gateway.open({
      launchId,
      rules,
      listener,
      decided: async (decisions) => void (await ask('decided', fit(decidedMessage, { attempt, decisions }))),
      ready: async (ca) => void (await ask('ready', fit(readyMessage, { attempt, ...(ca !== undefined && { ca }) }))),
      ...(meters && { usage: usageOf(attempt) }),
      issuer: issuerOf(attempt),
    })
    attempts.set(attempt, egress)
    const { ca, endpoints } = egress
    return { endpoints, ...(ca !== undefined && { ca }) }
  }),

  close: question(closeMessage, async ({ attempt }) => {
    await attempts.get(attempt)?.close()
    attempts.delete(attempt)
  }),
}

const { ask } = channel(process, handlers, (error) => {
  process.stderr.write(`${error.message}\n`, () => process.exit(1))
})

/** Budgets are kept by the service: what is taken from them is asked for there. */
function usageOf(attempt: number): UsagePort {
  return {
    reserve: async (request) => usageAnswer.parse(await ask('reserve', fit(reserveMessage, { attempt, request }))),
    settle: async (id, report) => void (await ask('settle', fit(settleMessage, { attempt, id, report }))),
  }
}

/** What credentials are made of stays with the service: what is added is asked for there. */
function issuerOf(attempt: number): Issuer {
  return {
    token: async (name) => tokenAnswer.parse(await ask('token', fit(tokenMessage, { attempt, name }))).value,
    refused: async (name, digest) =>
      refusedAnswer.parse(await ask('refused', fit(refusedMessage, { attempt, name, digest }))),
    stands: async (name) => standsAnswer.parse(await ask('stands', fit(standsMessage, { attempt, name }))),
    sign: async (name, request) => signAnswer.parse(await ask('sign', fit(signMessage, { attempt, name, request }))),
  }
}

// Whoever started it is gone, and nobody could record a decision.
process.on('disconnect', () => process.exit())
// They go to the whole group of a terminal; the service decides when this ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
