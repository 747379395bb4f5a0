import { SeamError } from '@seamark/kit'
import { channel } from './channel.ts'
import { egressGateway } from './gateway.ts'
import type { AttemptEgress, EgressGateway } from './options.ts'
import { closeMessage, openMessage, resolved, startMessage, type ProcessOptions } from './process-options.ts'

// The gateway's own process. Its sockets are handed to it, secrets are asked for, decisions are told: it needs no file and
// no right of the service's.

const attempts = new Map<number, AttemptEgress>()
let gateway: EgressGateway | undefined

/** Gives up what root may do. Errors: those of the system, and then nothing is served. */
function become({ uid, gid }: ProcessOptions['user']): void {
  if (process.geteuid?.() !== 0) return
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
}

const { ask } = channel(process, {
  start(value) {
    const { resolves, user, ...options } = startMessage.parse(value)
    become(user)
    gateway = egressGateway({
      ...options,
      ...(resolves && { resolve: async (name) => resolved.parse(await ask('resolve', { name })) }),
    })
    return Promise.resolve()
  },

  async open(value, listener) {
    const { attempt, launchId, rules } = openMessage.parse(value)
    if (gateway === undefined || listener === undefined) throw new SeamError('INTERNAL', 'There is nothing to serve.')
    // It listens already: whoever connects before it is served is turned away.
    listener.on('connection', (socket) => socket.destroy())
    const egress = await gateway.open({
      launchId,
      rules,
      listener,
      decided: async (decisions) => void (await ask('decided', { attempt, decisions })),
      ready: async (ca) => void (await ask('ready', { attempt, ...(ca !== undefined && { ca }) })),
    })
    attempts.set(attempt, egress)
    const { ca, endpoints } = egress
    return { endpoints, ...(ca !== undefined && { ca }) }
  },

  async close(value) {
    const { attempt } = closeMessage.parse(value)
    await attempts.get(attempt)?.close()
    attempts.delete(attempt)
  },
})

// Whoever started it is gone, and nobody could record a decision.
process.on('disconnect', () => process.exit())
// They go to the whole group of a terminal; the service decides when this ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
