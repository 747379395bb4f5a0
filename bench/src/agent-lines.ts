import type { Exit, RuntimeAccess, RuntimeTask } from '@seamark/core'

/** Lines of an agent that does nothing, as Claude Code writes them. */

const line = (message: object): string => `${JSON.stringify(message)}\n`

export const BEGINNING: string =
  line({
    type: 'control_response',
    response: { subtype: 'success', request_id: 'seamark-initialize', response: {} },
  }) +
  line({
    type: 'system',
    subtype: 'init',
    session_id: 's',
    model: 'none',
    mcp_servers: [],
    claude_code_version: '2.1.330',
  })

export const END: string = line({
  type: 'result',
  subtype: 'success',
  is_error: false,
  result: 'done',
  terminal_reason: 'completed',
  num_turns: 1,
  modelUsage: {},
})

/** What it says when it uses a tool: two events. `bytes` of text stand beside it and in what the tool answered, in lines. */
export function toolUse(number: number, bytes: number): string {
  const id = `toolu_${number}`
  const text = `${'x'.repeat(63)}\n`.repeat(Math.ceil(bytes / 128))
  const input = { command: `echo ${number}`, description: 'a command' }
  const spoken = (role: string, part: object) =>
    line({ type: role, message: { role, content: [part] }, session_id: 's' })
  return (
    spoken('assistant', { type: 'text', text }) +
    spoken('assistant', { type: 'tool_use', id, name: 'Bash', input }) +
    spoken('user', { type: 'tool_result', tool_use_id: id, content: text })
  )
}

export const TASK: RuntimeTask = {
  run: 'r',
  item: 'i',
  attempt: 1,
  prompt: 'Do nothing.',
  workspaceDir: '/',
  env: {},
}

const exit: Exit = { code: 0, reason: 'exited', startedAt: 0, endedAt: 1, outputBytes: 0 }

/** A program that has said this, and takes what it is told. */
export function heard(chunks: () => AsyncIterable<Uint8Array>): RuntimeAccess {
  return { output: () => chunks(), write: () => Promise.resolve(), exit: Promise.resolve(exit) }
}
