import type { AgentEvent } from '@seamark/core'

/** Allowances, denials and questions, in one line each. */
export function toldOf(events: readonly AgentEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type === 'question') return [`question ${event.text}`]
    if (event.type !== 'allowance' && event.type !== 'denial') return []
    return [`${event.type} ${event.tool} ${event.reason}`]
  })
}

export function endOf(
  events: readonly AgentEvent[],
): { readonly completed: boolean; readonly reason: string } | undefined {
  const last = events.at(-1)
  return last?.type === 'turn-end' ? { completed: last.completed, reason: last.reason } : undefined
}
