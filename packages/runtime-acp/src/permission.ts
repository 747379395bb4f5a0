import { answerWord, MOST_ANSWERS } from '@seamark/policy'
import type { ToolAnswer } from '@seamark/policy'
import { ERROR_CODES, permissionResult } from './acp-port.ts'
import type { About, Conversation, Effect, Step } from './conversation.ts'
import { failed } from './failure.ts'
import { stop } from './finish.ts'
import { readPermission } from './message.ts'
import type { RequestId } from './message.ts'
import { flushed } from './said.ts'
import { askedTool, toolName, toolUse } from './tool-use.ts'
import { repeated, useOf, withUse } from './uses.ts'

type Option = { readonly optionId: string; readonly kind: string }

/**
 * Answers a request for a permission from the policy. Each is allowed for itself alone: an agent that was allowed something for
 * ever would not ask again, and the policy would judge and record no more.
 */
export function answered(earlier: Conversation, id: RequestId, params: unknown, whole: boolean, about: About): Step {
  const asked = readPermission(params)
  if (asked === undefined) {
    const error = { code: ERROR_CODES.methodNotFound, message: 'This is no request for a permission.' }
    return { conversation: earlier, effects: [{ send: { jsonrpc: '2.0', id, error } }] }
  }
  const { conversation: before, effects: told } = flushed(earlier)
  const call = asked.toolCall
  const use = toolUse(useOf(before, call.toolCallId), call, whole)
  const tool = toolName(use)
  const event: Effect = { event: { type: 'permission', id: String(id), tool } }
  const answer = judged(before, about.answer(askedTool(use)), asked.options)
  const option = optionFor(answer.allowed, asked.options)
  const send: Effect = {
    send: { jsonrpc: '2.0', id, result: permissionResult(before.nudging ? undefined : option?.optionId) },
  }
  if (answer.allowed) {
    const conversation = {
      ...withUse(before, call.toolCallId, { ...use, allowed: true }),
      allowances: before.allowances + 1,
    }
    return {
      conversation,
      effects: [...told, event, { event: { type: 'allowance', tool, reason: answer.word } }, send],
    }
  }
  const denied: Conversation = {
    ...withUse(before, call.toolCallId, { ...use, counted: true }),
    denials: before.denials + 1,
    refused: tool,
  }
  const effects: Effect[] = [...told, event, { event: { type: 'denial', tool, reason: answer.word } }, send]
  if (denied.denials > MOST_ANSWERS)
    return stop(denied, failed('denials', 'It went on to ask for what it is denied.'), effects)
  const step = use.counted ? { conversation: denied, effects: [] } : repeated(denied, use, about)
  return { ...step, effects: [...effects, ...step.effects] }
}

interface Judged {
  readonly allowed: boolean
  readonly word: string
}

function judged({ allowances, nudging }: Conversation, answer: ToolAnswer, options: readonly Option[]): Judged {
  // The turn is being canceled.
  if (nudging) return { allowed: false, word: 'canceled' }
  if (answer.allowed && allowances >= MOST_ANSWERS) return { allowed: false, word: 'limit' }
  if (answer.allowed && optionFor(true, options) === undefined) return { allowed: false, word: 'not-offered' }
  return { allowed: answer.allowed, word: answerWord(answer) }
}

function optionFor(allowed: boolean, options: readonly Option[]): Option | undefined {
  const of = (kind: string) => options.find((option) => option.kind === kind)
  return allowed ? of('allow_once') : (of('reject_once') ?? of('reject_always'))
}
