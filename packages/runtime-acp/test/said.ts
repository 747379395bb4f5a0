import type { Exit, Json, JsonObject, RuntimeTask } from '@seamark/core'
import { hearRuntime } from '@seamark/testing'
import type { HeardRuntime } from '@seamark/testing'
import { acp } from '../src/index.ts'
import type { AcpOptions } from '../src/index.ts'

export const task: RuntimeTask = {
  run: 'r',
  item: 'i',
  attempt: 1,
  prompt: 'do it',
  workspaceDir: '/w',
  env: {},
  tools: { shell: ['git *'], deny: ['git push*'] },
}
export const good: Exit = { code: 0, reason: 'exited', startedAt: 0, endedAt: 1, outputBytes: 0 }

const response = (id: number, result: JsonObject): JsonObject => ({ jsonrpc: '2.0', id, result })
const update = (of: JsonObject): JsonObject => ({
  jsonrpc: '2.0',
  method: 'session/update',
  params: { sessionId: 's1', update: of },
})

/** What an agent says, message by message. */
export const agent = {
  hello: (version = '1.2.3', protocolVersion = 1) =>
    response(0, { protocolVersion, agentInfo: { name: 'fake', version }, agentCapabilities: {} }),
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

export const lines = (...messages: readonly (JsonObject | string)[]): Uint8Array =>
  Buffer.from(messages.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)) + '\n').join(''))

interface Hearing {
  readonly exit?: Exit
  readonly state?: Json
  readonly task?: Partial<RuntimeTask>
  readonly chunkBytes?: number
}

export function hear(stdout: Uint8Array, options: Partial<AcpOptions> = {}, more: Hearing = {}): Promise<HeardRuntime> {
  const { exit = good } = more
  return hearRuntime(acp({ argv: ['fake'], ...options }), { ...task, ...more.task }, stdout, { ...more, exit })
}
