import type { Policy } from '@seamark/core'
import { toolMatcher } from './tools.ts'
import type { ToolRefusal } from './tools.ts'

/** What a program asks to use, as it says itself. */
export interface AskedTool {
  /** What the tool does: reads, thinks or searches; writes files; starts commands; reaches a host. `other`: it is not known. */
  readonly does: 'read' | 'edit' | 'run' | 'fetch' | 'other'
  /** A line for a shell, or a program and its arguments. Judged whatever the tool is said to do; of `other` it allows nothing. */
  readonly command?: string | readonly string[]
}

/**
 * So many allowances of one step become records, and so many denials: what a program says of itself may not fill the log. A
 * runtime denies what is asked for after that.
 */
export const MOST_ANSWERS = 1_000

/**
 * `unrestricted` (the policy has no patterns), `listed` (it allows the command), `contained` (it runs no command, so the files
 * and the network of the sandbox are what holds it), or why it is refused.
 */
export type ToolAnswer =
  | { readonly allowed: true; readonly reason: 'unrestricted' | 'listed' | 'contained' }
  | { readonly allowed: false; readonly reason: ToolRefusal; readonly pattern?: string }

/**
 * Answers a program that asks before it uses a tool; made once per policy. What starts commands, or may, is allowed only where
 * every command can be read and is allowed.
 *
 * Errors: those of `toolMatcher`.
 */
export function toolAnswers(tools: Policy['tools']): (asked: AskedTool) => ToolAnswer {
  const matcher = toolMatcher(tools === undefined ? {} : { tools })
  const free = tools?.shell === undefined && (tools?.deny ?? []).length === 0
  return ({ does, command }) => {
    if (free) return { allowed: true, reason: 'unrestricted' }
    if (command === undefined)
      return does === 'run' || does === 'other'
        ? { allowed: false, reason: 'unparsed' }
        : { allowed: true, reason: 'contained' }
    if (command.length === 0) return { allowed: false, reason: 'unparsed' }
    const decision = typeof command === 'string' ? matcher.line(command) : matcher.argv(command)
    if (!decision.allowed) return decision
    // Nobody knows what such a tool does with it: that it is called a command makes it none.
    return does === 'other' ? { allowed: false, reason: 'unparsed' } : { allowed: true, reason: 'listed' }
  }
}

/** The answer in one word or two, for a record: `listed`, `denied git push*`. */
export function answerWord(answer: ToolAnswer): string {
  return answer.allowed || answer.pattern === undefined ? answer.reason : `${answer.reason} ${answer.pattern}`
}
