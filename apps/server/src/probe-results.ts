import type { CallOptions, Executor, Signer } from '@seamark/core'
import { sha256Hex, systemCode, toSeamError } from '@seamark/kit'
import { borneOut, hostHere, openReport, probeDigest, signReport, stillHolds } from '@seamark/probes'
import type { ProbeReport } from '@seamark/probes'
import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { executorMethods } from './executor-methods.ts'
import { VERSION } from './version.ts'

/** What was probed of this deployment's executors, and still holds. */
export interface ProbeResults {
  /** An executor that promises what its probes bore out, as they stand when it is asked. */
  trusted(executor: Executor): Executor
  /** Reads what is stored, and lets go of what does not hold any more. Errors: none; what can not be read counts for nothing. */
  refresh(options?: CallOptions): Promise<void>
  /** Signs a report and keeps it, durably. Errors: those of the signer and of the system. */
  keep(report: ProbeReport, options?: CallOptions): Promise<void>
  /** Digest of the report that an executor's promises rest on now. */
  digestOf(executor: string): string | undefined
}

/** What every report of this service also holds for. */
export const PROBE_BASIS: Readonly<Record<string, string>> = { service: VERSION }

interface Parts {
  readonly dir: string
  /** Of role `export`. */
  readonly signer: Signer
  readonly executors: readonly Executor[]
  readonly onNotice: (error: Error) => void
}

/** Reports are files of canonical JSON, one for each executor, in a folder of the data folder. Does no I/O before the first call. */
export function probeResults({ dir, signer, executors, onNotice }: Parts): ProbeResults {
  const current = new Map<string, { readonly report: ProbeReport; readonly digest: string }>()
  const pathOf = (name: string) => join(dir, `${sha256Hex(name)}.json`)

  const load = async (executor: Executor, options: CallOptions): Promise<ProbeReport | undefined> => {
    const text = await readFile(pathOf(executor.name), 'utf8').catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined || executor.basis === undefined) return undefined
    const report = openReport(text, await signer.publicKey(options))
    const basis = { ...PROBE_BASIS, ...(await executor.basis(options)) }
    return stillHolds(report, executor, basis, hostHere()) ? report : undefined
  }

  return {
    trusted: (executor) => trusted(executor, () => current.get(executor.name)?.report),
    digestOf: (name) => current.get(name)?.digest,
    async refresh(options = {}) {
      for (const executor of executors) {
        const report = await load(executor, options).catch((error: unknown) => {
          onNotice(toSeamError(error))
          return undefined
        })
        if (report === undefined) current.delete(executor.name)
        else current.set(executor.name, { report, digest: probeDigest(report) })
      }
    },
    async keep(report, options = {}) {
      const text = await signReport(report, signer, options)
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const path = pathOf(report.executor.name)
      const next = `${path}.${randomUUID()}`
      try {
        await writeDurably(next, text)
        await rename(next, path)
      } catch (error) {
        await rm(next, { force: true })
        throw error
      }
      current.set(report.executor.name, { report, digest: probeDigest(report) })
    },
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** The same executor with guarantees as they are borne out. */
function trusted(executor: Executor, report: () => ProbeReport | undefined): Executor {
  return {
    ...executorMethods(executor),
    spec: executor.spec,
    kind: executor.kind,
    name: executor.name,
    get guarantees() {
      const found = report()
      return found === undefined ? executor.guarantees : borneOut(executor.guarantees, found)
    },
  }
}
