import type { CallOptions, EgressSettings, Executor, Signer } from '@seamark/core'
import { sha256Hex, systemCode, toSeamError } from '@seamark/kit'
import { makeFolder, replaceFile } from '@seamark/kit/files'
import { canonicalText } from '@seamark/log'
import {
  borneOut,
  hostHere,
  openReport,
  probeDigest,
  signReport,
  stillHolds,
  takenAway,
  unverifiedReport,
} from '@seamark/probes'
import type { ProbeReport } from '@seamark/probes'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { executorMethods } from './executor-methods.ts'
import { VERSION } from './version.ts'

/** What was probed of this deployment's executors, and still holds. */
export interface ProbeResults {
  /** What every report of this deployment holds for, beside what its executor is made with. */
  readonly basis: Readonly<Record<string, string>>
  /** An executor that promises what its probes bore out, as they stand when it is asked. */
  trusted(executor: Executor): Executor
  /** Reads what is stored, and lets go of what does not hold any more. What can not be checked proves nothing and still takes away what escaped. Errors: none. */
  refresh(options?: CallOptions): Promise<void>
  /** Signs a report and keeps it, durably. Errors: those of the signer and of the system. */
  keep(report: ProbeReport, options?: CallOptions): Promise<void>
  /** Digest of the report that an executor's promises rest on now. */
  digestOf(executor: string): string | undefined
}

/** This version, and a digest over what decides where the gateway of a deployment leads. Pure. */
export function probeBasis({ privateRanges = [], proxy }: EgressSettings): Readonly<Record<string, string>> {
  const leads = { privateRanges: [...new Set(privateRanges)].toSorted(), ...(proxy && { proxy }) }
  return { service: VERSION, egress: sha256Hex(canonicalText(leads)) }
}

interface Parts {
  readonly dir: string
  /** Of role `export`. */
  readonly signer: Signer
  readonly basis: ProbeResults['basis']
  readonly executors: readonly Executor[]
  readonly onNotice: (error: Error) => void
}

interface Found {
  readonly report: ProbeReport
  /** Whether it is signed and holds for what runs now; where that can not be known it only takes away what escaped. */
  readonly holds: boolean
}

/** Reports are files of canonical JSON, one for each executor, in a folder of the data folder. Does no I/O before the first call. */
export function probeResults({ dir, signer, basis, executors, onNotice }: Parts): ProbeResults {
  const current = new Map<string, Found>()
  const pathOf = (name: string) => join(dir, `${sha256Hex(name)}.json`)

  async function load(executor: Executor, options: CallOptions): Promise<Found | undefined> {
    const text = await readFile(pathOf(executor.name), 'utf8').catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) return undefined
    const stored = unverifiedReport(text)
    // What escaped counts unless it is known that something else runs now.
    const against = stored && { report: stored, holds: false }
    try {
      const report = openReport(text, await signer.publicKey(options))
      if (executor.basis === undefined) return against
      const now = { ...basis, ...(await executor.basis(options)) }
      return stillHolds(report, executor, now, hostHere()) ? { report, holds: true } : undefined
    } catch (error) {
      onNotice(toSeamError(error))
      return against
    }
  }

  return {
    basis,
    trusted: (executor) => trusted(executor, () => current.get(executor.name)),
    digestOf(name) {
      const found = current.get(name)
      return found?.holds === true ? probeDigest(found.report) : undefined
    },
    async refresh(options = {}) {
      for (const executor of executors) {
        try {
          const found = await load(executor, options)
          if (found === undefined) current.delete(executor.name)
          else current.set(executor.name, found)
        } catch (error) {
          // The file can not be read: what is known of it goes on to count, and proves nothing.
          onNotice(toSeamError(error))
          const known = current.get(executor.name)
          if (known !== undefined) current.set(executor.name, { ...known, holds: false })
        }
      }
    },
    async keep(report, options = {}) {
      const text = await signReport(report, signer, options)
      await makeFolder(dir)
      await replaceFile(pathOf(report.executor.name), Buffer.from(text))
      current.set(report.executor.name, { report, holds: true })
    },
  }
}

/** The same executor with guarantees as they are borne out. */
function trusted(executor: Executor, result: () => Found | undefined): Executor {
  return {
    ...executorMethods(executor),
    spec: executor.spec,
    kind: executor.kind,
    name: executor.name,
    get guarantees() {
      const found = result()
      if (found === undefined) return executor.guarantees
      return (found.holds ? borneOut : takenAway)(executor.guarantees, found.report)
    },
  }
}
