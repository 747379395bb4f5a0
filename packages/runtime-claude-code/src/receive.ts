import {
  failed,
  failureSaid,
  finish,
  idle,
  nudgeWords,
  programMissing,
  progress,
  said,
  stop,
  used,
  versionRefused,
} from '@seamark/runtime'
import type { Effect, Step } from '@seamark/runtime'
import { asked } from './asked.ts'
import { control, INITIALIZE, OPENING, prompted, SERVERS } from './conversation.ts'
import type { ClaudeAbout, ClaudeConversation } from './conversation.ts'
import { outcomeOf, usageOf, wasInterrupted } from './ended.ts'
import { readBegun, readEnded, readLimit, readMessage, readParts, readResponse, readRetry, wasMade } from './message.ts'
import type { Message, Part } from './message.ts'
import { answeredWith, asked as askedServers, begunWith, endedWith } from './servers.ts'
import { toolCall } from './tools.ts'

type Claude = Step<ClaudeConversation>

/** Before the program has said anything. */
export function begin(): Claude {
  return { conversation: OPENING, effects: [{ send: control(INITIALIZE, { subtype: 'initialize' }) }] }
}

/** `whole` says that nothing of the message was shortened. */
export function receive(before: ClaudeConversation, line: string, whole: boolean, about: ClaudeAbout): Claude {
  const message = readMessage(line)
  if (message === undefined) return idle(before)
  if (message.seamark === 'program-missing' && before.session === '') return finish(before, programMissing(about))
  if (before.phase === 'over') return over(before, message)
  switch (message.type) {
    case 'control_response':
      return respondedTo(before, message.response, about)
    case 'system':
      return system(before, message, about)
    case 'rate_limit_event':
      return limited(before, message)
    case 'control_request':
    case 'assistant':
    case 'user':
    case 'result':
      // It says which version it is before it does anything.
      if (before.session === '') return opened(before, message, about)
      return went(before, message, whole, about)
    default:
      return idle(before)
  }
}

/** A turn that was stopped says what it used. */
function over(before: ClaudeConversation, message: Message): Claude {
  const ended = message.type === 'result' ? readEnded(message) : undefined
  return { conversation: before, effects: ended === undefined ? [] : usageOf(ended) }
}

function limited(before: ClaudeConversation, message: Message): Claude {
  const limit = readLimit(message)
  if (limit === undefined) return idle(before)
  const { status, resetsAt = 0 } = limit
  const resetAt = resetsAt * 1_000
  const reached = status === 'rejected'
  const conversation = { ...before, resetAt: reached ? resetAt : 0 }
  // It says so with each answer.
  if (status === 'allowed') return idle(conversation)
  return { conversation, effects: [{ event: { type: 'rate-limit', reached, ...(resetAt > 0 && { resetAt }) } }] }
}

function went(before: ClaudeConversation, message: Message, whole: boolean, about: ClaudeAbout): Claude {
  if (message.type === 'control_request') return asked(before, message.request_id, message.request, whole, about)
  if (message.type === 'result') return turned(before, message, about)
  let step: Claude = idle(before)
  for (const part of readParts(message.message)) {
    if (step.conversation.phase === 'over') break
    const next = parted(step.conversation, part, message, whole, about)
    step = { conversation: next.conversation, effects: [...step.effects, ...next.effects] }
  }
  if (step.conversation.phase === 'over') return step
  // Its model was asked, which takes longer than most servers do.
  const next = askedServers(step.conversation)
  return { conversation: next.conversation, effects: [...step.effects, ...next.effects] }
}

function parted(
  before: ClaudeConversation,
  part: Part,
  { type, tool_result_meta: meta }: Message,
  whole: boolean,
  about: ClaudeAbout,
): Claude {
  if (type === 'assistant' && part.type === 'text') return said(before, `${part.text}\n`)
  if (type === 'assistant' && part.type === 'tool_use')
    return used(before, toolCall(part.id, part.name, part.input), whole, about)
  if (type !== 'user' || part.type !== 'tool_result') return idle(before)
  const id = part.tool_use_id
  if (!before.uses.some(([known]) => known === id)) return idle(before)
  // A command that was run and ended badly was run.
  const status = part.is_error === true && !wasMade(meta, id) ? 'failed' : 'completed'
  return used(before, { id, status, result: part.content }, whole, about)
}

function respondedTo(before: ClaudeConversation, value: unknown, about: ClaudeAbout): Claude {
  const response = readResponse(value)
  if (response?.request_id === SERVERS && before.asking) return answeredWith(before, value, about)
  if (response?.request_id !== INITIALIZE || before.phase !== 'initialize') return idle(before)
  if (response.subtype !== 'success') return finish(before, failureSaid(response.error ?? '', 'initialize'))
  return { conversation: { ...before, phase: 'prompt' }, effects: prompted(about.prompt) }
}

function system(before: ClaudeConversation, message: Message, about: ClaudeAbout): Claude {
  if (message.subtype === 'init') return opened(before, message, about)
  const retry = message.subtype === 'api_retry' ? readRetry(message) : undefined
  if (retry === undefined) return idle(before)
  const why = `${retry.error_status ?? ''} ${retry.error ?? ''}`.trim()
  return {
    conversation: before,
    effects: progress(`The model is asked again after ${why || 'an error'}, ${retry.attempt} of ${retry.max_retries}`),
  }
}

/** Said at the beginning of every turn; of its conversation once. */
function opened(before: ClaudeConversation, message: Message, about: ClaudeAbout): Claude {
  if (before.session !== '') return idle(before)
  const begun = message.subtype === 'init' ? readBegun(message) : undefined
  const who = `Claude Code ${begun?.claude_code_version ?? 'of unknown version'}`.toWellFormed()
  // It may fail before it begins; nothing else is taken of a program that did not say what it is.
  if (message.type === 'result' && readEnded(message)?.is_error === true) return turned(before, message, about)
  const refused =
    versionRefused(who, begun?.claude_code_version, about) ??
    (begun === undefined ? failed('protocol', 'The program did not say which version it is.') : undefined)
  if (begun === undefined || refused !== undefined) return stop(before, refused ?? failed('protocol'), about)
  const { session_id: session, model = 'unknown', mcp_servers: servers = [] } = begun
  const { resume } = about.task
  // It would be told the answer to what it did not ask.
  if (resume !== undefined && resume.id !== session)
    return stop(before, failed('resume', `The program began the conversation ${session}.`), about)
  const effects: Effect[] = [
    ...progress(`${who}, conversation ${session}, model ${model}`),
    { event: { type: 'conversation', id: session, resumed: resume !== undefined, program: who } },
  ]
  const conversation = { ...before, session, program: who }
  return begunWith(conversation, servers, about, effects)
}

function turned(before: ClaudeConversation, message: Message, about: ClaudeAbout): Claude {
  const ended = readEnded(message)
  if (ended === undefined) return finish(before, failed('protocol', 'The program did not say how its turn ended.'))
  const effects = usageOf(ended)
  // A turn that came to its end by itself meanwhile did so.
  if (before.nudging && wasInterrupted(ended)) return nudged(before, effects, about)
  return endedWith(before, outcomeOf(ended, before), effects)
}

function nudged(before: ClaudeConversation, effects: readonly Effect[], about: ClaudeAbout): Claude {
  return {
    conversation: { ...before, nudging: false, refused: '' },
    effects: [...effects, ...prompted(nudgeWords(about.repeats.nudge))],
  }
}
