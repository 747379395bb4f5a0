import type { RunView } from '@seamark/protocol'
import { harmless } from './style.ts'

/** Who paused a run, or all of them, and what ends that. */
export function pausedText({ by, at }: NonNullable<RunView['paused']>, run?: string): string {
  const when = `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  const what = run === undefined ? 'All runs were paused' : 'Paused'
  return `${what} by ${harmless(by)} at ${when}: nothing new starts. It goes on with seamark resume ${run ?? '--all'}.`
}
