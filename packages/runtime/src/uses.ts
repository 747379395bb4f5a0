import { answerWord } from '@seamark/policy'
import { idle } from './conversation.ts'
import type { About, Conversation, Effect, Step } from './conversation.ts'
import { failed } from './failure.ts'
import { stop as stopTurn } from './finish.ts'
import { flushed } from './said.ts'
import { roundsOf, withCall } from './repeats.ts'
import { askedTool, isOwnTool, toolKind, toolName, toolUse, useKey } from './tool-use.ts'
import type { ToolCall, ToolUse } from './tool-use.ts'

/** Tool calls that are remembered. */
const MOST_USES = 64
/** Longest input of an event, in characters of its JSON. */
const INPUT_CHARS = 8_000

export function useOf({ uses }: Conversation, id: string): ToolUse | undefined {
  return uses.find(([known]) => known === id)?.[1]
}

export function withUse<C extends Conversation>(before: C, id: string, use: ToolUse): C {
  const others = before.uses.filter(([known]) => known !== id)
  return { ...before, uses: [...others.slice(-(MOST_USES - 1)), [id, use]] }
}

/** The agent says that it begins, goes on with or ended a tool call. */
export function used<C extends Conversation>(before: C, call: ToolCall, whole: boolean, about: About<C>): Step<C> {
  const { id } = call
  const known = useOf(before, id)
  const use = toolUse(known, call, whole)
  const isNew = known?.told !== true
  const { conversation, effects } = isNew ? flushed(before) : { conversation: before, effects: [] }
  const input = whole && JSON.stringify(call.input ?? null).length <= INPUT_CHARS ? call.input : undefined
  const told: Effect[] = isNew
    ? [
        ...effects,
        { event: { type: 'tool', name: toolName(use), kind: toolKind(use), ...(input !== undefined && { input }) } },
      ]
    : [...effects]
  const ended = call.status === 'completed' || call.status === 'failed'
  const calls = conversation.calls + (isNew ? 1 : 0)
  const next: C = { ...withUse(conversation, id, { ...use, told: true, counted: use.counted || ended }), calls }
  const { maxToolCalls } = about
  if (maxToolCalls !== undefined && calls > maxToolCalls)
    return stopTurn(
      next,
      failed('max-tool-calls', `It may make ${maxToolCalls} tool calls, and made one more.`),
      about,
      told,
    )
  // Also where it was denied before: then the agent did not keep to the answer.
  const step = call.status === 'completed' ? unasked(next, use, about) : undefined
  if (step === undefined && (!ended || use.counted)) return { conversation: next, effects: told }
  // Who waits asks the same again and again.
  const counted = step ?? (isOwnTool(use, about) ? idle(next) : repeated(next, use, about))
  return { ...counted, effects: [...told, ...counted.effects] }
}

/** A command that the policy refuses was done, whatever was asked: there is no agent to be trusted any more. */
function unasked<C extends Conversation>(before: C, use: ToolUse, about: About<C>): Step<C> | undefined {
  const asked = askedTool(use, about)
  if (use.allowed || asked.does !== 'run') return undefined
  const answer = about.answer(asked)
  if (answer.allowed) return undefined
  const tool = toolName(use)
  return stopTurn(before, failed('unasked-tool', `It used ${tool} without being allowed to.`), about, [
    { event: { type: 'denial', tool, reason: answerWord(answer) } },
  ])
}

/** Counts uses that are the same, and rounds of them. Where there are too many the agent is told so, and then stopped. */
export function repeated<C extends Conversation>(before: C, use: ToolUse, about: About<C>): Step<C> {
  const recent = withCall(before.recent, useKey(use), use.result)
  const conversation: C = { ...before, recent }
  const { nudge, stop } = about.repeats
  const { rounds } = roundsOf(recent, stop)
  const tool = toolName(use)
  if (rounds > 0)
    return stopTurn(conversation, failed('loop', `It made the same calls ${rounds} times, of ${tool} last.`), about)
  const { isNow } = roundsOf(recent, nudge)
  if (!isNow) return { conversation, effects: [] }
  const told: Effect = { event: { type: 'nudge', tool, calls: nudge } }
  return { conversation: { ...conversation, nudging: true }, effects: [told, about.cancel(before)] }
}
