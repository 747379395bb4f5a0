import type { JsonObject } from '@seamark/core'
import { answerWord, MOST_ANSWERS } from '@seamark/policy'
import type { ToolAnswer } from '@seamark/policy'
import type { About, Conversation, Effect, Step } from './conversation.ts'
import { failed } from './failure.ts'
import { stop } from './finish.ts'
import { flushed } from './said.ts'
import { askedTool, toolName, toolUse } from './tool-use.ts'
import type { ToolCall } from './tool-use.ts'
import { repeated, useOf, withUse } from './uses.ts'

/** A request for a permission, in whatever way a program makes it. */
export interface Asked {
  /** Of the request. */
  readonly id: string
  readonly call: ToolCall
  /** Whether nothing of the call was shortened. */
  readonly whole: boolean
  /** Whether the program lets it be allowed for itself alone. */
  readonly offered: boolean
  /** The message that answers it. `word` is why; `canceled` where the turn is being canceled. */
  reply(allowed: boolean, word: string): JsonObject
}

/**
 * Answers a request for a permission from the policy. Each is allowed for itself alone: an agent that was allowed something for
 * ever would not ask again, and the policy would judge and record no more.
 */
export function permitted<C extends Conversation>(earlier: C, asked: Asked, about: About<C>): Step<C> {
  const { conversation: before, effects: told } = flushed(earlier)
  const { id, call } = asked
  const use = toolUse(useOf(before, call.id), call, asked.whole)
  const tool = toolName(use)
  const event: Effect = { event: { type: 'permission', id, tool } }
  const { allowed, word } = judged(before, about.answer(askedTool(use, about)), asked.offered)
  const send: Effect = { send: asked.reply(allowed, word) }
  if (allowed) {
    const conversation = {
      ...withUse(before, call.id, { ...use, allowed: true }),
      allowances: before.allowances + 1,
    }
    return { conversation, effects: [...told, event, { event: { type: 'allowance', tool, reason: word } }, send] }
  }
  const denied = {
    ...withUse(before, call.id, { ...use, counted: true }),
    denials: before.denials + 1,
    refused: tool,
  }
  const effects: Effect[] = [...told, event, { event: { type: 'denial', tool, reason: word } }, send]
  if (denied.denials > MOST_ANSWERS)
    return stop<C>(denied, failed('denials', 'It went on to ask for what it is denied.'), about, effects)
  const step: Step<C> = use.counted ? { conversation: denied, effects: [] } : repeated<C>(denied, use, about)
  return { ...step, effects: [...effects, ...step.effects] }
}

interface Judged {
  readonly allowed: boolean
  readonly word: string
}

function judged({ allowances, nudging }: Conversation, answer: ToolAnswer, offered: boolean): Judged {
  // The turn is being canceled.
  if (nudging) return { allowed: false, word: 'canceled' }
  if (answer.allowed && allowances >= MOST_ANSWERS) return { allowed: false, word: 'limit' }
  if (answer.allowed && !offered) return { allowed: false, word: 'not-offered' }
  return { allowed: answer.allowed, word: answerWord(answer) }
}
