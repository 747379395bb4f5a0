import type { LaunchLimits } from '@seamark/core'
import { totalmem } from 'node:os'

/** Limits of an attempt of which nothing is said: far from what real work takes, and near enough that others go on beside it. */
export const DEFAULT_LIMITS = {
  /** Hundredths of the machine's memory, or of what the service's own control group may have */
  memoryPercent: 50,
  /** Processes and threads */
  pids: 4096,
} as const

const MiB = 1024 ** 2

/** What attempts are held to by default: those that are named, where they are finite, otherwise ours. */
export function defaultLimits(named: LaunchLimits = {}): LaunchLimits {
  // None, or more than there is, where nothing bounds it.
  const bound = process.constrainedMemory()
  const memory = Math.min(totalmem(), bound > 0 ? bound : Infinity)
  const memoryBytes = Math.floor((memory * DEFAULT_LIMITS.memoryPercent) / 100 / MiB) * MiB
  const all = { memoryBytes, pids: DEFAULT_LIMITS.pids, ...named }
  return Object.fromEntries(Object.entries(all).filter(([, limit]) => limit !== Infinity))
}
