import type { Principal, RecordDraft } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Command, Decision, Reply } from './commands.ts'
import type { State } from './state.ts'

/** Ends a wait. One for a question ends only with an answer to it. */
export function decideResume(state: State, command: Command & { type: 'resume' | 'answer' }): Decision {
  const { run: runId, item: itemId, token, principal } = command
  const answers = command.type === 'answer'
  const name = answers ? 'item.answer' : 'item.resume'
  const about = { ...by(principal), run: runId, item: itemId } as const
  const item = state.runs.get(runId)?.items[state.runs.get(runId)?.byId.get(itemId) ?? -1]
  const voided = (reason: string): RecordDraft => ({
    kind: 'command.voided',
    ...about,
    data: { command: name, reason, ...(token !== '' && { target: token.slice(0, 64).toWellFormed() }) },
  })
  if (item === undefined) {
    const known = answers && command.earlier !== undefined && command.unknownItem !== true
    // Who answers late did so for a reason: that it was too late is on record.
    if (known) return { drafts: [voided('sealed')], reply: refuse('CONFLICT', `Run ${runId} is over.`, SEE_STATUS) }
    const reply = refuse('NOT_FOUND', `No unfinished run ${runId} has an item ${itemId}.`, SEE_STATUS)
    return { drafts: [], reply }
  }
  if (item.parked?.token !== token) {
    const why = answers && item.phase === 'settled' ? 'settled' : 'token'
    return {
      drafts: [voided(why)],
      reply: refuse(
        'CONFLICT',
        `Item ${itemId} does not wait for this token: it was resumed already, or waits for something else.`,
        'See `seamark status` for what it waits for.',
      ),
    }
  }
  const asks = item.parked.question !== undefined
  if (asks !== answers) {
    const reply = asks
      ? refuse(
          'CONFLICT',
          `Item ${itemId} waits for an answer.`,
          `Give it with \`seamark answer ${itemId} --run ${runId}\`.`,
        )
      : refuse('CONFLICT', `Item ${itemId} asked nothing.`, 'See `seamark status` for what it waits for.')
    return { drafts: [voided(asks ? 'question' : 'no-question')], reply }
  }
  const resumed: RecordDraft = {
    kind: 'item.resumed',
    ...about,
    ...(answers && { payload: command.text }),
    data: { token, by: 'answer' },
  }
  return { drafts: [resumed], reply: { ok: true, effective: true } }
}

const SEE_STATUS = 'See `seamark status`.'

/** Whose command a record says it was. */
export function by(principal: Principal): { actor: string; onBehalfOf?: string } {
  return { actor: principal.id, ...(principal.onBehalfOf !== undefined && { onBehalfOf: principal.onBehalfOf }) }
}

/** The answer to a command that can not be done. */
export function refuse(code: 'CONFLICT' | 'NOT_FOUND' | 'LIMIT_EXCEEDED', message: string, remedy: string): Reply {
  return { ok: false, error: new SeamError(code, message, { remedy }) }
}
