import type { About, Conversation, Effect, Step } from './conversation.ts'
import { failed } from './failure.ts'
import type { Outcome } from './failure.ts'
import { flushed } from './said.ts'

/** Ends a conversation that is not over, and its program with it. */
export function finish<C extends Conversation>(before: C, outcome: Outcome, effects: readonly Effect[] = []): Step<C> {
  const { conversation, effects: told } = flushed(before)
  return {
    conversation: { ...conversation, phase: 'over', uses: [], outcome },
    effects: [...effects, ...told, { end: true }],
  }
}

/** Ends it in the middle of its turn. */
export function stop<C extends Conversation>(
  before: C,
  outcome: Outcome,
  about: About<C>,
  effects: readonly Effect[] = [],
): Step<C> {
  return finish(before, outcome, [...effects, about.cancel(before)])
}

/** The word for a conversation whose program may or may not have what it was told. */
export const INTERRUPTED = 'interrupted'

/** How it ended. `exit` is how the program did: it counts where the conversation was not over, and where it is worse. */
export function outcomeOf({ outcome }: Conversation, exit: Outcome): Outcome {
  // What takes no input may have ended by itself.
  if (outcome?.reason === INTERRUPTED && !exit.completed) return exit
  if (outcome === undefined)
    return exit.completed ? failed('no-answer', 'The program ended before its turn did.') : exit
  return outcome.completed && !exit.completed ? exit : outcome
}
