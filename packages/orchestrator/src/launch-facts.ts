import type { AgentInstruction, RecordDraft } from '@seamark/core'
import type { OutcomeReason } from '@seamark/kit'
import { LIMITS } from '@seamark/log'
import type { State } from './state.ts'

/** Of a header; the rest is for what a record says beside its data. */
const DATA_BYTES = LIMITS.headerBytes - 2_000

/** What a launch rests on as the deployment is at that moment. */
export interface LaunchFacts {
  /** Digest of the report of probes that an executor's promises rest on. */
  readonly probeOf: (executor: string) => string | undefined
  /** What the options of a runtime tell every agent. */
  readonly instructionsOf: (runtime: string) => readonly AgentInstruction[] | undefined
}

/**
 * The draft, which says these where it is of a launch. They may be more than when the item was submitted: where they do not
 * fit its record any more, it is the end of the item instead.
 */
export function withFacts(state: State, draft: RecordDraft, { probeOf, instructionsOf }: LaunchFacts): RecordDraft {
  if (draft.kind !== 'item.launched' && draft.kind !== 'layer.launched') return draft
  const digest = probeOf(draft.data.executor)
  const probe = digest === undefined ? {} : { probe: digest }
  if (draft.kind === 'layer.launched') return { ...draft, data: { ...draft.data, ...probe } }
  const run = state.runs.get(draft.run ?? '')
  const item = run?.items[run.byId.get(draft.item ?? '') ?? -1]
  const told = (draft.data.step === 'main' && item !== undefined && instructionsOf(item.spec.runtime)) || []
  if (digest === undefined && told.length === 0) return draft
  const data = { ...draft.data, ...probe, ...(told.length > 0 && { instructions: told }) }
  if (Buffer.byteLength(JSON.stringify(data)) <= DATA_BYTES) return { ...draft, data }
  const { actor, run: of = '', item: id = '' } = draft
  return {
    kind: 'item.settled',
    actor,
    run: of,
    item: id,
    data: { outcome: 'failed', reason: 'launch-too-large' satisfies OutcomeReason },
  }
}
