import type { Journal } from '@seamark/core'
import { agentsOf } from './agents.ts'
import { recover } from './recover.ts'
import type { AgentVersion } from './state-agents.ts'

/** The versions of agents that a journal knows of, as `Engine.agents` says them, read beside whoever leads. Errors: those of a recovery. */
export async function readAgents(ns: string, journal: Journal): Promise<readonly AgentVersion[]> {
  const { state } = await recover(ns, journal)
  return agentsOf(state)
}
