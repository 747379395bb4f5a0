import type { AskedTool } from '@seamark/policy'
import type { ToolCall } from '@seamark/runtime'
import type { ToolCallData } from './message.ts'

/** What a tool does, by the protocol's kinds. */
export const DOES: Readonly<Record<string, AskedTool['does']>> = {
  read: 'read',
  search: 'read',
  think: 'read',
  edit: 'edit',
  delete: 'edit',
  move: 'edit',
  fetch: 'fetch',
  execute: 'run',
}

export function toolCall({ toolCallId, rawInput, ...call }: ToolCallData): ToolCall {
  return { ...call, id: toolCallId, input: rawInput }
}
