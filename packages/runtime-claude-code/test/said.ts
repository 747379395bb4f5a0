import type { JsonObject } from '@seamark/core'
import { hearRuntime } from '@seamark/testing'
import type { HeardRuntime, Hearing } from '@seamark/testing'
import { claudeCode } from '../src/index.ts'
import type { ClaudeCodeOptions } from '../src/index.ts'

const spoken = (type: 'assistant' | 'user', content: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  type,
  message: { role: type, content: [...content] },
  ...more,
})

/** What the program says, message by message. */
export const claude = {
  ready: (): JsonObject => ({
    type: 'control_response',
    response: { subtype: 'success', request_id: 'seamark-initialize', response: {} },
  }),
  init: (more: JsonObject = {}): JsonObject => ({
    type: 'system',
    subtype: 'init',
    session_id: 's1',
    model: 'm',
    mcp_servers: [],
    claude_code_version: '2.1.330',
    ...more,
  }),
  servers: (...mcpServers: JsonObject[]): JsonObject => ({
    type: 'control_response',
    response: { subtype: 'success', request_id: 'seamark-mcp', response: { mcpServers: [...mcpServers] } },
  }),
  says: (text: string) => spoken('assistant', [{ type: 'text', text }]),
  uses: (id: string, name: string, input: JsonObject) => spoken('assistant', [{ type: 'tool_use', id, name, input }]),
  used: (id: string, more: JsonObject = {}, meta: JsonObject = {}) =>
    spoken('user', [{ type: 'tool_result', tool_use_id: id, ...more }], meta),
  asks: (request_id: string, tool_use_id: string, tool_name: string, input: JsonObject): JsonObject => ({
    type: 'control_request',
    request_id,
    request: { subtype: 'can_use_tool', tool_name, tool_use_id, input },
  }),
  result: (more: JsonObject = {}): JsonObject => ({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'done',
    terminal_reason: 'completed',
    num_turns: 1,
    model_usage_since_last_result: {},
    ...more,
  }),
}

export function hear(stdout: Uint8Array, options: ClaudeCodeOptions = {}, more: Hearing = {}): Promise<HeardRuntime> {
  return hearRuntime(claudeCode(options), stdout, more)
}
