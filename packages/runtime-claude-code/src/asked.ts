import type { JsonObject } from '@seamark/core'
import { deniedWords, idle, permitted, questioned, questionText } from '@seamark/runtime'
import type { Step } from '@seamark/runtime'
import { answer, refusal } from './conversation.ts'
import type { ClaudeAbout, ClaudeConversation } from './conversation.ts'
import { readQuestions, readSubtype, readToolAsked } from './message.ts'
import { toolCall } from './tools.ts'

const ASKED = 'A person is asked. The answer comes later.'
const UNREAD = 'Nothing is asked here. Ask with words, or go on.'

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
    const text = questionText(readQuestions(tool.input) ?? [])
    const deny = (more: JsonObject) => ({ send: answer(id, { behavior: 'deny', ...more }) })
    if (text === '') return { conversation: before, effects: [deny({ message: UNREAD })] }
    return questioned(before, { id: tool.tool_use_id, text }, [deny({ message: ASKED, interrupt: true })])
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
