import type { ServiceView } from '@seamark/protocol'
import type { Deployment } from './deployment.ts'

const nothing = { runs: 0, running: 0, waiting: 0, parked: 0 }

/** What this service is and does now. */
export async function describe(deployment: Deployment, startedAt: number): Promise<ServiceView> {
  const { ns, version, seams, queues, engine, journal, leadership } = deployment
  const {
    slots,
    paused: _,
    ...stats
  } = engine?.stats() ?? { ...nothing, slots: undefined, paused: 0, size: (await journal.head(ns)).size }
  const leader = engine === undefined ? await leadership?.leader() : undefined
  const paused = engine?.paused()
  const quotas = await deployment.nearQuotas.near()
  return {
    version,
    api: 'v1',
    ns,
    pid: process.pid,
    startedAt,
    seams,
    queues: Object.entries(queues).map(([name, { concurrency }]) => ({
      name,
      concurrency,
      ...(slots && { running: slots[name] ?? 0 }),
    })),
    ...(engine === undefined && leadership !== undefined && { standby: { ...(leader !== undefined && { leader }) } }),
    ...(paused && { paused }),
    ...(engine !== undefined && { budgets: engine.budgets() }),
    ...(quotas.length > 0 && { quotas }),
    stats,
  }
}
