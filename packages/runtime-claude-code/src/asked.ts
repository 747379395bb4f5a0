import { deniedWords, idle, permitted } from '@seamark/runtime'
import type { Step } from '@seamark/runtime'
import { answer, refusal } from './conversation.ts'
import type { ClaudeAbout, ClaudeConversation } from './conversation.ts'
import { readQuestions, readSubtype, readToolAsked } from './message.ts'
import { toolCall } from './tools.ts'

const NOBODY = 'Nobody is there to answer. Decide by yourself, or say what you would have to know and end.'

/** Answers a request of the program. */
export function asked(
  before: ClaudeConversation,
  id: string | undefined,
  request: unknown,
  whole: boolean,
  about: ClaudeAbout,
): Step<ClaudeConversation> {
  if (id === undefined) return idle(before)
  const tool = readSubtype(request) === 'can_use_tool' ? readToolAsked(request) : undefined
  if (tool === undefined) return { conversation: before, effects: [{ send: refusal(id, 'Not offered.') }] }
  if (tool.tool_name === 'AskUserQuestion') {
    const text = (readQuestions(tool.input) ?? []).join('\n').slice(0, 1_000).toWellFormed()
    const deny = answer(id, { behavior: 'deny', message: NOBODY })
    return { conversation: before, effects: [{ event: { type: 'question', id, text } }, { send: deny }] }
  }
  const call = toolCall(tool.tool_use_id, tool.tool_name, tool.input)
  // The input is not given back: it may have been shortened on its way, and the program goes on with its own.
  const reply = (allowed: boolean) =>
    answer(
      id,
      allowed
        ? { behavior: 'allow' }
        : { behavior: 'deny', message: deniedWords(tool.tool_name.slice(0, 100).toWellFormed()) },
    )
  return permitted(before, { id, call, whole, offered: true, reply }, about)
}
