import type { Json, JsonObject } from '@seamark/core'
import { hearRuntime } from '@seamark/testing'
import type { HeardRuntime, Hearing } from '@seamark/testing'
import { codex } from '../src/index.ts'
import type { CodexOptions } from '../src/index.ts'

const told = (method: string, params: JsonObject): JsonObject => ({ method, params: { threadId: 's1', ...params } })
const item = (when: 'started' | 'completed', of: JsonObject, more: JsonObject): JsonObject =>
  told(`item/${when}`, { item: of, turnId: 'u1', ...more })
const command = (id: string, line: string): JsonObject => ({
  type: 'commandExecution',
  id,
  command: `/bin/bash -lc '${line}'`,
  cwd: '/w',
  status: 'inProgress',
})

/** What the program says, message by message. */
export const program = {
  hello: (version = '0.163.0'): JsonObject => ({
    id: 'seamark-initialize',
    result: { userAgent: `seamark/${version} (Debian 12.0.0; x86_64) unknown (seamark; 1)` },
  }),
  skills: (skills: readonly JsonObject[]): JsonObject => ({
    id: 'seamark-skills',
    result: { data: [{ cwd: '/w', skills: [...skills], errors: [] }] },
  }),
  thread: (more: JsonObject = {}): JsonObject => ({
    id: 'seamark-thread',
    result: { thread: { id: 's1' }, model: 'm', approvalPolicy: 'untrusted', ...more },
  }),
  server: (name: string, status: string, threadId = 's1'): JsonObject =>
    told('mcpServer/startupStatus/updated', { name, status, error: null, threadId }),
  began: (id = 'u1', more: JsonObject = {}): JsonObject =>
    told('turn/started', { turn: { id, status: 'inProgress', error: null }, ...more }),
  says: (text: string, more: JsonObject = {}) => item('completed', { type: 'agentMessage', id: 'm1', text }, more),
  runs: (id: string, line: string, more: JsonObject = {}) => item('started', command(id, line), more),
  ran: (id: string, line: string, end: JsonObject = {}) =>
    item('completed', { ...command(id, line), status: 'completed', exitCode: 0, ...end }, {}),
  edits: (id: string, of: JsonObject = {}) =>
    item(
      'started',
      { type: 'fileChange', id, changes: [{ path: '/w/a', diff: '+' }], status: 'inProgress', ...of },
      {},
    ),
  calls: (id: string, server: string, tool: string, args: JsonObject) =>
    item('started', { type: 'mcpToolCall', id, server, tool, arguments: args, status: 'inProgress' }, {}),
  asks: (id: Json, itemId: string, line: string | null, more: JsonObject = {}): JsonObject => ({
    id,
    ...told('item/commandExecution/requestApproval', {
      itemId,
      kind: 'command',
      cwd: '/w',
      command: line === null ? null : `/bin/bash -lc '${line}'`,
      ...more,
    }),
  }),
  requests: (id: Json, method: string, params: JsonObject): JsonObject => ({ id, ...told(method, params) }),
  used: (inputTokens: number, outputTokens: number, threadId = 's1'): JsonObject =>
    told('thread/tokenUsage/updated', { threadId, tokenUsage: { total: { inputTokens, outputTokens } } }),
  tells: told,
  end: (status = 'completed', error: JsonObject | null = null, more: JsonObject = {}): JsonObject =>
    told('turn/completed', { turn: { id: 'u1', status, error }, ...more }),
  error: (id: string, message: string): JsonObject => ({ id, error: { code: -32_600, message } }),
}

export function hear(stdout: Uint8Array, options: CodexOptions = {}, more: Hearing = {}): Promise<HeardRuntime> {
  return hearRuntime(codex(options), stdout, more)
}
