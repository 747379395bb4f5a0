import type { RuntimeTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Repeats } from './conversation.ts'
import { resumedWords } from './question.ts'

/** After how many equal tool calls an agent is told so, and then stopped, where nothing else is said. */
export const REPEATS: Repeats = { nudge: 10, stop: 20 }

/** What is said first: the words of the item, or of who goes on with its conversation. Errors: `INVALID_INPUT` where the item has none. */
export function promptOf({ item, prompt, resume }: RuntimeTask): string {
  if (prompt !== undefined && prompt.trim() !== '') return resume === undefined ? prompt : resumedWords(resume)
  throw new SeamError('INVALID_INPUT', `Item ${item} has no prompt.`, {
    remedy: 'Give the item `prompt`, or name a runtime that takes `run`.',
  })
}

/** Errors: `INVALID_INPUT` for a command line that is none, or limits that make no sense. */
export function checkSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  { nudge, stop }: Repeats,
  maxToolCalls?: number,
): void {
  const [program = ''] = argv
  const refuse = (message: string, pointer: string, remedy: string) => {
    throw new SeamError('INVALID_INPUT', message, { remedy, place: { pointer } })
  }
  if (program === '' || program.startsWith('-') || [...argv, ...Object.values(env)].some((text) => text.includes('\0')))
    refuse('The command line of the agent is none.', '/argv', 'Write a program, and its arguments one by one.')
  if (!Number.isSafeInteger(nudge) || !Number.isSafeInteger(stop) || nudge < 2 || stop <= nudge)
    refuse(
      'An agent is told that it repeats itself before it is stopped for it.',
      '/repeats',
      'Write nudge of at least 2, and a larger stop.',
    )
  if (maxToolCalls !== undefined && !(Number.isSafeInteger(maxToolCalls) && maxToolCalls > 0))
    refuse('A number of tool calls is a whole number above 0.', '/maxToolCalls', 'Write one, or leave it out.')
}
