import type { Json } from '@seamark/core'
import type { AskedTool } from '@seamark/policy'
import { isObject } from '@seamark/runtime'
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

export function toolCall({ toolCallId, rawInput, rawOutput, content, ...call }: ToolCallData): ToolCall {
  const isEnd = call.status === 'completed' || call.status === 'failed'
  return { ...call, id: toolCallId, input: rawInput, ...(isEnd && { result: resultOf(rawOutput, content) }) }
}

/** What came of a call. An output that is an object may hold what differs each time, such as an id or a time. */
function resultOf(output: Json | undefined, content: Json | undefined): Json | undefined {
  if (!isObject(output)) return output ?? content
  return content ?? output['formatted_output'] ?? output['aggregated_output'] ?? output['stdout']
}
