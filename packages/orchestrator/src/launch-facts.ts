import type { AgentInstruction, RecordDraft } from '@seamark/core'
import type { State } from './state.ts'

/** What a launch rests on as the deployment is at that moment. */
export interface LaunchFacts {
  /** Digest of the report of probes that an executor's promises rest on. */
  readonly probeOf: (executor: string) => string | undefined
  /** What the options of a runtime tell every agent. */
  readonly instructionsOf: (runtime: string) => readonly AgentInstruction[] | undefined
}

/** The draft, which says these where it is of a launch. */
export function withFacts(state: State, draft: RecordDraft, { probeOf, instructionsOf }: LaunchFacts): RecordDraft {
  if (draft.kind !== 'item.launched' && draft.kind !== 'layer.launched') return draft
  const digest = probeOf(draft.data.executor)
  const probe = digest === undefined ? {} : { probe: digest }
  if (draft.kind === 'layer.launched') return { ...draft, data: { ...draft.data, ...probe } }
  const run = state.runs.get(draft.run ?? '')
  const item = run?.items[run.byId.get(draft.item ?? '') ?? -1]
  const told = draft.data.step === 'main' && item !== undefined ? instructionsOf(item.spec.runtime) : undefined
  const instructions = told === undefined || told.length === 0 ? {} : { instructions: told }
  return { ...draft, data: { ...draft.data, ...probe, ...instructions } }
}
