import type { About, Conversation } from './conversation.ts'
import { failed } from './failure.ts'
import type { Outcome } from './failure.ts'
import { inRange } from './version.ts'

/** Said to an agent whose turn was canceled because it repeats itself. */
export function nudgeWords(times: number): string {
  return `You made the same tool calls with the same input ${times} times or more. It does not get you further. Do something else, or say why you can not and end.`
}

/** Said to an agent for what is denied. */
export function deniedWords(tool: string): string {
  return `${tool} is not allowed here. Do without it, or say why you can not and end.`
}

/** The end where there is no program. */
export function programMissing<C extends Conversation>({ install }: About<C>): Outcome {
  return failed(
    'program-missing',
    `The agent's program is neither on the path nor in node_modules/.bin of the workspace. ${install === undefined ? 'Install it.' : `Install it: ${install}`}`,
  )
}

/** The end where the program is of a version that is not taken. `who` names the one that is there. */
export function versionRefused<C extends Conversation>(
  who: string,
  version: string | undefined,
  { versions, install }: About<C>,
): Outcome | undefined {
  if (versions === undefined || inRange(version, versions)) return undefined
  const { from, below } = versions
  const range = `${from} or later${below === undefined ? '' : `, below ${below}`}`
  const found = 'A name is looked for on the path, then in node_modules/.bin of the workspace: the first is taken.'
  return failed('agent-version', [`It is ${who}, and has to be ${range}.`, found, install].filter(Boolean).join(' '))
}
