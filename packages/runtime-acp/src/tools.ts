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

/** What Codex calls a tool of an MCP server; where it asks for one its title names none. */
const OF_SERVER = /^Tool: ([^\s/]+)\/(\S+)$/
const NAMES_NONE = 'Approve MCP tool call'

export function toolCall({ toolCallId, rawInput, rawOutput, content, title, ...call }: ToolCallData): ToolCall {
  const [, server, tool] = OF_SERVER.exec(title ?? '') ?? []
  const name = server === undefined ? title : `mcp__${server}__${tool}`
  const isEnd = call.status === 'completed' || call.status === 'failed'
  return {
    ...call,
    ...(title !== NAMES_NONE && { title: name }),
    id: toolCallId,
    input: rawInput,
    ...(isEnd && { result: resultOf(rawOutput, content) }),
  }
}

/** What came of a call. An output that is an object may hold what differs each time, such as an id or a time. */
function resultOf(output: Json | undefined, content: Json | undefined): Json | undefined {
  if (!isObject(output)) return output ?? content
  return content ?? output['formatted_output'] ?? output['aggregated_output'] ?? output['stdout']
}
