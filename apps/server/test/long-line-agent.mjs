/**
 * Says what an agent of one runtime says, and in the middle of its turn one line of `LONG_BYTES` bytes, by `LONG_LINE` of one text or
 * of many values: `node long-line-agent.mjs PROTOCOL`. By the protocol `none` it says the line alone.
 */
import { createInterface } from 'node:readline'

const protocol = process.argv[2]
const { LONG_LINE: line, LONG_BYTES: bytes } = process.env
const LONG = {
  // A character of three bytes: pieces of the output end inside of it.
  text: () => '漢'.repeat(Math.ceil(bytes / 3)),
  values: () => Array.from({ length: bytes / 2 }, () => 1),
}
const long = () => LONG[line]()

const claude = {
  control_request: () => [
    { type: 'control_response', response: { subtype: 'success', request_id: 'seamark-initialize', response: {} } },
    { type: 'system', subtype: 'init', session_id: 's', model: 'm', mcp_servers: [], claude_code_version: '2.1.330' },
  ],
  user: () => [
    {
      type: 'assistant',
      message: { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'Read', input: {} }] },
    },
    {
      type: 'user',
      message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: long() }] },
    },
    { type: 'result', subtype: 'success', is_error: false, result: 'done', terminal_reason: 'completed' },
  ],
}

const update = (of) => ({ jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's', update: of } })
const acp = {
  initialize: ({ id }) => [{ jsonrpc: '2.0', id, result: { protocolVersion: 1 } }],
  'session/new': ({ id }) => [{ jsonrpc: '2.0', id, result: { sessionId: 's' } }],
  'session/prompt': ({ id }) => [
    update({ sessionUpdate: 'tool_call', toolCallId: 't', kind: 'read', title: 'Read a', status: 'completed' }),
    update({ sessionUpdate: 'tool_call_update', toolCallId: 't', rawOutput: long() }),
    { jsonrpc: '2.0', id, result: { stopReason: 'end_turn' } },
  ],
}

const told = (method, params) => ({ method, params: { threadId: 's', ...params } })
const codex = {
  initialize: ({ id }) => [
    { id, result: { userAgent: 'seamark/0.163.0 (Debian 12.0.0; x86_64) unknown (seamark; 1)' } },
  ],
  'skills/list': ({ id }) => [{ id, result: { data: [] } }],
  'thread/start': ({ id }) => [{ id, result: { thread: { id: 's' }, model: 'm', approvalPolicy: 'untrusted' } }],
  'turn/start': () => [
    told('turn/started', { turn: { id: 'u', status: 'inProgress', error: null } }),
    told('item/completed', {
      turnId: 'u',
      item: { type: 'fileChange', id: 't', status: 'completed', changes: [{ path: '/w/a', diff: long() }] },
    }),
    told('turn/completed', { turn: { id: 'u', status: 'completed', error: null } }),
  ],
}

const protocols = { claude, acp, codex }
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

if (protocol === 'none') say({ long: long() })
else
  createInterface({ input: process.stdin }).on('line', (text) => {
    const message = JSON.parse(text)
    for (const one of protocols[protocol][message.method ?? message.type]?.(message) ?? []) say(one)
  })
