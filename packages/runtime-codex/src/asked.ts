import type { JsonObject } from '@seamark/core'
import { idle, permitted } from '@seamark/runtime'
import type { Step, ToolCall } from '@seamark/runtime'
import { answer, refusal } from './conversation.ts'
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
    const words = (params.questions ?? []).map(({ question }) => question).join('\n')
    return questioned(before, id, words, { answers: {} })
  }
  if (method === 'mcpServer/elicitation/request') return questioned(before, id, params.message ?? '', elicited(false))
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

/** Nobody is there to answer. */
function questioned(before: CodexConversation, id: RequestId, words: string, result: JsonObject): Codex {
  const text = words.slice(0, 1_000).toWellFormed()
  return {
    conversation: before,
    effects: [{ event: { type: 'question', id: String(id), text } }, { send: answer(id, result) }],
  }
}
