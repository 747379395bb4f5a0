import type { JsonObject, RuntimeTask } from '@seamark/core'
import { hearRuntime, PROMPTED } from '@seamark/testing'
import type { HeardRuntime, Hearing } from '@seamark/testing'
import { acp } from '../src/index.ts'
import type { AcpOptions } from '../src/index.ts'

const response = (id: number, result: JsonObject): JsonObject => ({ jsonrpc: '2.0', id, result })
const update = (of: JsonObject): JsonObject => ({
  jsonrpc: '2.0',
  method: 'session/update',
  params: { sessionId: 's1', update: of },
})

/** What an agent says, message by message. */
export const agent = {
  hello: (version = '1.2.3', protocolVersion = 1, agentCapabilities: JsonObject = {}) =>
    response(0, { protocolVersion, agentInfo: { name: 'fake', version }, agentCapabilities }),
  session: (more: JsonObject = {}) => response(1, { sessionId: 's1', ...more }),
  end: (id = 2, stopReason = 'end_turn', more: JsonObject = {}) => response(id, { stopReason, ...more }),
  error: (id: number, message: string, code = -32_603): JsonObject => ({
    jsonrpc: '2.0',
    id,
    error: { code, message },
  }),
  says: (text: string) => update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }),
  uses: (toolCallId: string, of: JsonObject) => update({ sessionUpdate: 'tool_call', toolCallId, ...of }),
  used: (toolCallId: string, of: JsonObject) => update({ sessionUpdate: 'tool_call_update', toolCallId, ...of }),
  asks: (
    id: number | string,
    toolCall: JsonObject,
    kinds: readonly string[] = ['allow_always', 'allow_once', 'reject_once'],
  ): JsonObject => ({
    jsonrpc: '2.0',
    id,
    method: 'session/request_permission',
    params: { sessionId: 's1', toolCall, options: kinds.map((kind) => ({ optionId: `o-${kind}`, name: kind, kind })) },
  }),
}

export function hear(
  stdout: Uint8Array,
  options: Partial<AcpOptions> = {},
  { task, ...more }: Omit<Hearing, 'task'> & { readonly task?: Partial<RuntimeTask> } = {},
): Promise<HeardRuntime> {
  return hearRuntime(acp({ argv: ['fake'], ...options }), stdout, { ...more, task: { ...PROMPTED, ...task } })
}
