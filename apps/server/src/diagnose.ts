import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import {
  clockCheck,
  dataFolderCheck,
  diskCheck,
  gitCheck,
  keptCheck,
  nodeCheck,
  quotaCheck,
  runDoctor,
} from '@seamark/config'
import type { DoctorCheck } from '@seamark/config'
import type { CallOptions, Journal } from '@seamark/core'
import type { SqliteJournal } from '@seamark/journal-sqlite'
import { parseHeader } from '@seamark/log'
import type { DoctorQuery, DoctorReport } from '@seamark/protocol'
import type { Deployment } from './deployment.ts'
import { signedByAnother } from './other-key.ts'
import { probed } from './probe.ts'
import { readinessOf } from './ready.ts'

/** Checks the deployment. `deep` re-reads all that is stored. */
export async function diagnose(
  deployment: Deployment,
  { deep, signal }: CallOptions & DoctorQuery,
): Promise<DoctorReport> {
  const { ns, journal, dataDir, worker, quotas } = deployment
  const checks: DoctorCheck[] = [
    nodeCheck(process.version),
    gitCheck(async (stop) => (await promisify(execFile)('git', ['--version'], { signal: stop })).stdout),
    ...executors(deployment),
    ...limits(deployment),
    dataFolderCheck(dataDir),
    diskCheck(dataDir),
    keptCheck((stop) => worker.kept({ signal: stop })),
    ...quotas.map((quota) => quotaCheck(quota.of, (stop) => quota.measure({ signal: stop }))),
    clockCheck(Date.now, () => newestRecordAt(journal, ns)),
    log(deployment),
    ...keys(deployment),
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
  return deployment.executors.map(({ name, kind }) => ({
    id: `executor.${name}`,
    title: `Executor ${name}`,
    async run() {
      const problem = (await deployment.planNames.unavailable()).get(name)
      const tried = kind === 'sandbox' ? 'bubblewrap builds sandboxes, with user namespaces' : 'it can start attempts'
      if (problem === undefined) return { status: 'ok', measured: tried }
      const { message, remedy = 'Look into what it says.' } = problem
      return { status: 'warn', measured: message, remedy }
    },
  }))
}

/** What bounds an attempt on this machine: most of it needs control groups. */
function limits({ executors }: Deployment): DoctorCheck[] {
  const isolating = executors.filter(({ guarantees }) => guarantees.isolation.value !== 'none')
  return isolating.map(({ name, kind, guarantees }) => ({
    id: `limits.${name}`,
    title: `Limits of ${name}`,
    async run() {
      const { cpu, memory, pids } = guarantees.limits
      const held = Object.entries({ cpu, memory, pids })
      const measured = held.map(([limit, { value }]) => `${limit} ${value}`).join(', ')
      if (held.every(([, { value }]) => value === 'enforced')) return { status: 'ok', measured }
      return {
        status: 'warn',
        measured,
        remedy:
          kind === 'sandbox'
            ? 'Give the service control groups of its own, such as by Delegate=yes in its systemd unit: the kernel then enforces what is only watched, or not held, without them.'
            : `Bound where ${name} runs its attempts from outside, as far as it does not.`,
      }
    },
  }))
}

function keys({ ns, journal, signers }: Deployment): DoctorCheck[] {
  return Object.values(signers).map((signer) => ({
    id: `key.${signer.role}`,
    title: `Key, ${signer.role}`,
    async run(signal) {
      const { algorithm, keyId } = await signer.publicKey({ signal })
      const measured = `${algorithm} ${keyId}`
      if (signer.role !== 'log' || !(await signedByAnother(ns, journal, signer))) return { status: 'ok', measured }
      return {
        status: 'warn',
        measured: `${measured}; the newest checkpoint was signed by another`,
        remedy:
          'Unless the key was changed on purpose, bring the other one back: whoever pinned it trusts no new checkpoint.',
      }
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
