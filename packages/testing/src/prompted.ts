import type { AgentEvent, Exit, JsonObject, RuntimeTask } from '@seamark/core'

/** A step that asks an agent for something, under a policy that allows `git`, but no `git push`. */
export const PROMPTED: RuntimeTask = {
  run: 'r',
  item: 'i',
  attempt: 1,
  prompt: 'do it',
  workspaceDir: '/w',
  env: {},
  tools: { shell: ['git *'], deny: ['git push*'] },
}

/** A program that ended well. */
export const EXITED: Exit = { code: 0, reason: 'exited', startedAt: 0, endedAt: 1, outputBytes: 0 }

/** What a program says, line by line; a text is a line as it is. */
export function jsonLines(...messages: readonly (JsonObject | string)[]): Uint8Array {
  return Buffer.from(messages.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)) + '\n').join(''))
}

/** Allowances, denials and questions, in one line each. */
export function answersOf(events: readonly AgentEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type === 'question') return [`question ${event.text}`]
    if (event.type !== 'allowance' && event.type !== 'denial') return []
    return [`${event.type} ${event.tool} ${event.reason}`]
  })
}

/** How the turn ended, where that was the last event. */
export function endOf(
  events: readonly AgentEvent[],
): Pick<AgentEvent & { readonly type: 'turn-end' }, 'completed' | 'reason' | 'resetAt'> | undefined {
  const last = events.at(-1)
  if (last?.type !== 'turn-end') return undefined
  const { completed, reason, resetAt } = last
  return { completed, reason, ...(resetAt !== undefined && { resetAt }) }
}
