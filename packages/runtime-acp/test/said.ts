import type { DrivenEvent, Exit, Json, JsonObject, RuntimeAccess, RuntimeTask } from '@seamark/core'
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

export interface Heard {
  readonly events: readonly DrivenEvent['event'][]
  readonly driven: readonly DrivenEvent[]
  /** Messages that were written, `end` among them. */
  readonly wrote: readonly Json[]
}

const parsed = (line: string): Json => {
  if (line === 'end') return line
  const value: Json = JSON.parse(line)
  return value
}

export async function hear(
  stdout: Uint8Array,
  options: Partial<AcpOptions> = {},
  more: {
    readonly exit?: Exit
    readonly state?: Json
    readonly task?: Partial<RuntimeTask>
    readonly chunkBytes?: number
  } = {},
): Promise<Heard> {
  const { exit = good, state, chunkBytes = 65_536 } = more
  let input = ''
  const access: RuntimeAccess = {
    async *output(_stream, from) {
      for (let at = from; at < stdout.byteLength; at += chunkBytes) yield stdout.subarray(at, at + chunkBytes)
    },
    async write(bytes) {
      input += Buffer.from(bytes).toString()
    },
    exit: Promise.resolve(exit),
  }
  const driven: DrivenEvent[] = []
  const runtime = acp({ argv: ['fake'], ...options })
  for await (const told of runtime.drive(access, { ...task, ...more.task }, state)) driven.push(told)
  return { driven, events: driven.map(({ event }) => event), wrote: input.split('\n').slice(0, -1).map(parsed) }
}
