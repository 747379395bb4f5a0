import type { RecordData } from '@seamark/core'

/** A version of an agent that was pushed. */
export interface AgentVersion extends Readonly<RecordData['agent.pushed']> {
  /** Principal who pushed it last. */
  readonly pushedBy: string
  /** Epoch milliseconds. */
  readonly pushedAt: number
  /** Epoch milliseconds since which no plan may name it. */
  readonly removedAt?: number
}
