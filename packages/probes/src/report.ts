import type { Claim, ExecutorGuarantees, Isolation, LimitStrength } from '@seamark/core'
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
 * as none stays so. What was not tried keeps the proof that it had.
 */
export function borneOut(declared: ExecutorGuarantees, { probes }: Pick<ProbeReport, 'probes'>): ExecutorGuarantees {
  return weighed(declared, probes, true)
}

/** The same of a report that can not be checked: it takes away what escaped, and proves nothing. */
export function takenAway(declared: ExecutorGuarantees, { probes }: Pick<ProbeReport, 'probes'>): ExecutorGuarantees {
  return weighed(declared, probes, false)
}

function weighed(declared: ExecutorGuarantees, probes: readonly Probe[], proves: boolean): ExecutorGuarantees {
  const weigh = <Value>(claim: Claim<Value>, about: (probe: Probe) => boolean, lost: Value): Claim<Value> => {
    const outcomes = probes.filter(about).map(({ outcome }) => outcome)
    if (outcomes.includes('escaped')) return { value: lost, proof: 'probed' }
    return proves && outcomes.includes('held') ? { ...claim, proof: 'probed' } : claim
  }
  const limit = (name: 'memory' | 'pids' | 'disk'): Claim<LimitStrength> =>
    weigh<LimitStrength>(declared.limits[name], ({ id }) => id === `limit/${name}`, 'none')
  const isIsolation = (probe: Probe): boolean => !isNetwork(probe) && !isTree(probe) && !isLimit(probe)
  return {
    ...declared,
    isolation: weigh<Isolation>(declared.isolation, isIsolation, 'none'),
    network: weigh<ExecutorGuarantees['network']['value']>(declared.network, isNetwork, 'host'),
    tree: weigh<ExecutorGuarantees['tree']['value']>(declared.tree, isTree, 'best-effort'),
    limits: { ...declared.limits, memory: limit('memory'), pids: limit('pids'), disk: limit('disk') },
  }
}
