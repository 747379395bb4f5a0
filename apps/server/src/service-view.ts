import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { clockCheck, dataFolderCheck, diskCheck, gitCheck, keptCheck, nodeCheck, runDoctor } from '@seamark/config'
import type { DoctorCheck } from '@seamark/config'
import type { CallOptions, Journal } from '@seamark/core'
import type { SqliteJournal } from '@seamark/journal-sqlite'
import { parseHeader } from '@seamark/log'
import type { DoctorQuery, DoctorReport, ServiceView } from '@seamark/protocol'
import type { Deployment } from './deployment.ts'
import { probed } from './probe.ts'
import { readinessOf } from './ready.ts'

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
    stats,
  }
}

/** Checks the deployment. `deep` re-reads all that is stored. */
export async function diagnose(
  deployment: Deployment,
  { deep, signal }: CallOptions & DoctorQuery,
): Promise<DoctorReport> {
  const { ns, journal, dataDir, worker } = deployment
  const checks: DoctorCheck[] = [
    nodeCheck(process.version),
    gitCheck(async (stop) => (await promisify(execFile)('git', ['--version'], { signal: stop })).stdout),
    ...executors(deployment),
    dataFolderCheck(dataDir),
    diskCheck(dataDir),
    keptCheck((stop) => worker.kept({ signal: stop })),
    clockCheck(Date.now, () => newestRecordAt(journal, ns)),
    log(deployment),
    ...readiness(deployment),
    ...(deep ? [everyRecord(deployment), everyBlob(deployment)] : []),
  ]
  const day = 24 * 3_600_000
  const seams = () => deployment.seams
  return runDoctor(checks, { seams, now: Date.now(), timeoutMs: deep ? day : 10_000, ...(signal && { signal }) })
}

/** Tries an executor from inside, and keeps what came of it. Errors: those of `probed`. */
export async function probe(
  deployment: Deployment,
  { executor, signal }: CallOptions & { readonly executor: string },
): Promise<DoctorReport> {
  const checks = await probed(deployment, executor, { ...(signal && { signal }) })
  return runDoctor(checks, { seams: () => deployment.seams, now: Date.now(), ...(signal && { signal }) })
}

function executors(deployment: Deployment): DoctorCheck[] {
  return deployment.executors.map(({ name }) => ({
    id: `executor.${name}`,
    title: `Executor ${name}`,
    async run() {
      const problem = (await deployment.planNames.unavailable()).get(name)
      if (problem === undefined) return { status: 'ok', measured: 'it can start attempts' }
      const { message, remedy = 'Look into what it says.' } = problem
      return { status: 'warn', measured: message, remedy }
    },
  }))
}

function readiness(deployment: Deployment): DoctorCheck[] {
  return readinessOf(deployment).map(({ pointer, name, ready }) => ({
    id: `ready${pointer.replaceAll('/', '.')}`,
    title: `Ready: ${name}`,
    async run(signal) {
      await ready({ signal })
      return { status: 'ok', measured: 'it gives what it says' }
    },
  }))
}

function log({ ns, journal }: Deployment): DoctorCheck {
  return {
    id: 'log.head',
    title: 'Log',
    async run(signal) {
      const { size, checkpoint } = await journal.head(ns, { signal })
      const signed = checkpoint === undefined ? 'none signed' : `signed at ${checkpoint.size}`
      return { status: 'ok', measured: size === 0 ? 'no record yet' : `${size} records, ${signed}` }
    },
  }
}

function everyRecord({ ns, journal }: Deployment): DoctorCheck {
  return {
    id: 'log.deep',
    title: 'Every record',
    async run(signal) {
      if (canScrub(journal)) {
        const { records, bytes, damage } = await journal.scrub(ns, { signal, bytesPerSecond: Number.MAX_SAFE_INTEGER })
        if (damage !== undefined) throw damage
        return { status: 'ok', measured: `${records} records, ${bytes} bytes` }
      }
      let records = 0
      for await (const _ of journal.read(ns, 0, { payloads: true, signal })) records++
      return { status: 'ok', measured: `${records} records` }
    },
  }
}

function everyBlob({ ns, storage }: Deployment): DoctorCheck {
  return {
    id: 'storage.deep',
    title: 'Every blob',
    async run(signal) {
      let objects = 0
      let bytes = 0
      for await (const { key } of storage.list(`${ns}/`, { signal })) {
        const found = await storage.get(key, { signal })
        // A reading storage checks each byte; one that was deleted meanwhile is no damage.
        for await (const chunk of found?.body ?? []) bytes += chunk.byteLength
        objects++
      }
      return { status: 'ok', measured: `${objects} blobs, ${bytes} bytes` }
    },
  }
}

export function canScrub(journal: Journal): journal is SqliteJournal {
  return 'scrub' in journal && typeof journal.scrub === 'function'
}

async function newestRecordAt(journal: Journal, ns: string): Promise<number> {
  const { size } = await journal.head(ns)
  if (size === 0) return 0
  for await (const { header } of journal.read(ns, size - 1, { to: size })) return parseHeader(header).at
  return 0
}
