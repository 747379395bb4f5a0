import type { AttemptFact, RecordDraft } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { checkData } from '@seamark/log'
import type { Launch, Run } from './state.ts'

/** What one call may note: a group of decisions, not a flood. */
export const FACTS_PER_NOTE = 1_000

/**
 * What comes from a worker is checked before the loop takes it, so that it holds up no other command.
 * Errors: `INVALID_INPUT` for a fact that fits no record, `LIMIT_EXCEEDED` for too many.
 */
export function checkFacts(facts: readonly AttemptFact[]): void {
  if (facts.length > FACTS_PER_NOTE)
    throw new SeamError(
      'LIMIT_EXCEEDED',
      `There are ${facts.length} facts; at most ${FACTS_PER_NOTE} are noted at once.`,
      {
        remedy: 'Note them in parts.',
      },
    )
  for (const [index, { kind, data }] of facts.entries()) {
    const problem = checkData(kind, data)
    if (problem !== undefined)
      throw new SeamError('INVALID_INPUT', `This is no ${kind}: ${problem}`, { place: { pointer: `/${index}/data` } })
  }
}

/** The records of facts about a launch that is outstanding. */
export function factDrafts(run: Run, launch: Launch, facts: readonly AttemptFact[]): readonly RecordDraft[] {
  const { attempt, fence, index } = launch
  const item = index === undefined ? undefined : run.items[index]?.id
  const about = { actor: 'engine', run: run.id, ...(item !== undefined && { item }), attempt, fence }
  return facts.map((fact): RecordDraft => ({ ...about, ...fact }))
}
