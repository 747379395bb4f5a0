import type { Claim, ExecutorGuarantees, LimitStrength } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { canonicalJson } from '@seamark/log'

/** What came of one probe. `escaped`: it got through. `not-tried`: what it needs is not there. */
export interface Probe {
  readonly id: string
  readonly about: string
  readonly outcome: 'held' | 'escaped' | 'not-tried'
  /** What it got through to, or why it was not tried. */
  readonly detail?: string
}

/** The system that a probe ran on. */
export interface ProbedHost {
  readonly platform: string
  readonly arch: string
  readonly kernel: string
  readonly root: boolean
}

/** What was probed, where and when. */
export interface ProbeReport {
  readonly version: 1
  readonly executor: { readonly kind: string; readonly name: string }
  /** What the result holds for: with another kernel, system or executor it says nothing. */
  readonly host: ProbedHost
  /** What the executor's sandboxes were made with, as it says it. */
  readonly basis: Readonly<Record<string, string>>
  /** Epoch milliseconds. */
  readonly at: number
  readonly probes: readonly Probe[]
}

/** Lower-case hex SHA-256 over the canonical JSON of a report. */
export function probeDigest(report: ProbeReport): string {
  return sha256Hex(canonicalJson(report))
}

/** Probes whose failing takes a guarantee away: those about the network, and all others. */
const isNetwork = ({ id }: Probe): boolean => id.startsWith('network/')
const isTree = ({ id }: Probe): boolean => id.startsWith('tree/')
const isLimit = ({ id }: Probe): boolean => id.startsWith('limit/')

/**
 * The guarantees that a report bears out: of what escaped nothing is left, and what held is `probed`. What was declared
 * as none stays so. A limit that was not tried keeps the proof that it had.
 */
export function borneOut(declared: ExecutorGuarantees, { probes }: Pick<ProbeReport, 'probes'>): ExecutorGuarantees {
  const escaped = probes.filter(({ outcome }) => outcome === 'escaped')
  const held = { proof: 'probed' as const }
  const isolated = !escaped.some((probe) => !isNetwork(probe) && !isTree(probe) && !isLimit(probe))
  const limit = (name: 'memory' | 'pids' | 'disk'): Claim<LimitStrength> => {
    const outcome = probes.find(({ id }) => id === `limit/${name}`)?.outcome
    if (outcome === 'escaped') return { ...held, value: 'none' }
    return outcome === 'held' ? { ...held, value: declared.limits[name].value } : declared.limits[name]
  }
  return {
    ...declared,
    isolation: { ...held, value: isolated ? declared.isolation.value : 'none' },
    network: { ...held, value: escaped.some(isNetwork) ? 'host' : declared.network.value },
    tree: { ...held, value: escaped.some(isTree) ? 'best-effort' : declared.tree.value },
    limits: { ...declared.limits, memory: limit('memory'), pids: limit('pids'), disk: limit('disk') },
  }
}
