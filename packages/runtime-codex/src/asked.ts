import type { JsonObject } from '@seamark/core'
import { idle, permitted, progress, questioned, questionText } from '@seamark/runtime'
import type { Step, ToolCall } from '@seamark/runtime'
import { answer, canceled, refusal } from './conversation.ts'
import type { CodexAbout, CodexConversation } from './conversation.ts'
import { readAsked } from './message.ts'
import type { AskedFor, Message, RequestId } from './message.ts'
import { commandCall, mcpTitle } from './tools.ts'

type Codex = Step<CodexConversation>

/** A permission that is asked for, and how it is said that it is given or not. */
interface Wanted {
  readonly call: ToolCall
  readonly reply: (allowed: boolean) => JsonObject
  /** Whether it can be given for itself alone. */
  readonly offered: boolean
}

const decided = (allowed: boolean): JsonObject => ({ decision: allowed ? 'accept' : 'decline' })
const elicited = (allowed: boolean): JsonObject => ({
  action: allowed ? 'accept' : 'decline',
  content: allowed ? {} : null,
  _meta: null,
})

/** Answers a request of the program. */
export function asked(before: CodexConversation, message: Message, whole: boolean, about: CodexAbout): Codex {
  const { id, method = '' } = message
  if (id === undefined) return idle(before)
  // Nothing is given before it said what it is and has the prompt.
  if (before.phase !== 'prompt') return { conversation: before, effects: [{ send: refusal(id, 'Not begun.') }] }
  const params = readAsked(message.params) ?? {}
  const wanted = wantedBy(before, id, method, params)
  if (wanted !== undefined) {
    const { call, offered } = wanted
    const reply = (allowed: boolean) => answer(id, wanted.reply(allowed))
    return permitted(before, { id: String(id), call, whole, offered, reply }, about)
  }
  if (method === 'item/tool/requestUserInput') {
    const text = questionText(params.questions ?? [])
    if (text === '') return { conversation: before, effects: [{ send: answer(id, { answers: {} }) }] }
    // It has no answer: the model would go on with it.
    return questioned(before, { id: params.itemId ?? String(id), text }, [canceled(before)])
  }
  if (method === 'mcpServer/elicitation/request') {
    // What its server would do with an answer is over by the time there is one.
    const told = progress(`An MCP server asked, and was declined: ${(params.message ?? '').slice(0, 500)}`)
    return { conversation: before, effects: [...told, { send: answer(id, elicited(false)) }] }
  }
  return { conversation: before, effects: [{ send: refusal(id, 'Not offered.') }] }
}

function wantedBy(before: CodexConversation, request: RequestId, method: string, params: AskedFor): Wanted | undefined {
  const id = params.approvalId ?? params.itemId ?? `request ${request}`
  switch (method) {
    case 'item/commandExecution/requestApproval': {
      // What is typed into a command is another thing than the command.
      const call =
        (params.kind ?? 'command') === 'command'
          ? commandCall(id, params.command, params.cwd)
          : { id: `request ${request}`, kind: 'input', title: 'input for a command' }
      return { call, reply: decided, offered: true }
    }
    case 'item/fileChange/requestApproval':
      return { call: { id, kind: 'fileChange' }, reply: decided, offered: true }
    case 'item/permissions/requestApproval':
      // More than it has is not to be had, and would be for more than one call.
      return {
        call: { id, kind: 'permissions', title: 'more permissions' },
        reply: () => ({ permissions: {}, scope: 'turn' }),
        offered: false,
      }
    case 'mcpServer/elicitation/request': {
      if (params._meta?.codex_approval_kind !== 'mcp_tool_call') return undefined
      // Which call it is for is not said: the last of this server that waits.
      const prefix = mcpTitle(params.serverName, '')
      const waiting = before.uses.findLast(([, use]) => use.title.startsWith(prefix) && !use.allowed && !use.counted)
      const call = { id: waiting?.[0] ?? `request ${request}`, kind: 'mcpToolCall' }
      return { call: waiting === undefined ? { ...call, title: prefix } : call, reply: elicited, offered: true }
    }
    default:
      return undefined
  }
}
