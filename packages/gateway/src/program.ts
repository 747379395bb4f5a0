import type { UsagePort } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { channel, question, type Handlers } from './channel.ts'
import { egressGateway } from './gateway.ts'
import type { AttemptEgress, EgressGateway } from './options.ts'
import { closeMessage, openMessage, resolved, startMessage, type ProcessOptions } from './process-options.ts'
import { usageAnswer } from './usage-messages.ts'

// The gateway's own process. Its sockets are handed to it, secrets and reservations are asked for, decisions are told: it needs
// no file and no right of the service's.

const attempts = new Map<number, AttemptEgress>()
let gateway: EgressGateway | undefined

/** Gives up what root may do. Errors: those of the system, and then nothing is served. */
function become({ uid, gid }: ProcessOptions['user']): void {
  if (process.geteuid?.() !== 0) return
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
}

const handlers: Handlers = {
  start: question(startMessage, async ({ resolves, user, ...options }) => {
    become(user)
    gateway = egressGateway({
      ...options,
      ...(resolves && { resolve: async (name) => resolved.parse(await ask('resolve', { name })) }),
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
      decided: async (decisions) => void (await ask('decided', { attempt, decisions })),
      ready: async (ca) => void (await ask('ready', { attempt, ...(ca !== undefined && { ca }) })),
      ...(meters && { usage: usageOf(attempt) }),
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
    reserve: async (request) => usageAnswer.parse(await ask('reserve', { attempt, request })),
    settle: async (id, report) => void (await ask('settle', { attempt, id, report })),
  }
}

// Whoever started it is gone, and nobody could record a decision.
process.on('disconnect', () => process.exit())
// They go to the whole group of a terminal; the service decides when this ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
