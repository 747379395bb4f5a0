import type { AgentEvent, JsonObject } from '@seamark/core'
import { ERROR_CODES, initializeParams, METHODS, newSessionParams, promptParams, PROTOCOL } from './acp-port.ts'
import { OPENING } from './conversation.ts'
import type { About, Conversation, Effect, Step } from './conversation.ts'
import { failed, failureOf, stopped } from './failure.ts'
import { finish } from './finish.ts'
import { readHello, readQuestion, readSession, readTurnEnd, readUpdate } from './message.ts'
import type { Message, RequestId } from './message.ts'
import { answered } from './permission.ts'
import { said } from './said.ts'
import { optionsFor } from './session-options.ts'
import { used } from './uses.ts'
import { inRange } from './version.ts'

/** Before the agent has said anything. */
export function begin(): Step {
  return { conversation: OPENING, effects: [{ send: request(0, METHODS.initialize, initializeParams()) }] }
}

/** `whole` says that nothing of the message was shortened. */
export function receive(before: Conversation, message: Message, whole: boolean, about: About): Step {
  if (message.seamark === 'program-missing' && before.session === '')
    return finish(before, failed('program-missing', missing(about)))
  if (before.phase === 'over') return { conversation: before, effects: [] }
  const { id, method } = message
  if (method === undefined)
    return id === before.request ? respondedTo(before, message, about) : { conversation: before, effects: [] }
  if (id === undefined) return method === METHODS.update ? notified(before, message.params, whole, about) : idle(before)
  if (method === METHODS.permission) return answered(before, id, message.params, whole, about)
  if (method === METHODS.question) return declined(before, id, message.params)
  const error = { code: ERROR_CODES.methodNotFound, message: 'Not offered: the agent works in its own sandbox.' }
  return { conversation: before, effects: [{ send: { jsonrpc: '2.0', id, error } }] }
}

function respondedTo(before: Conversation, message: Message, about: About): Step {
  const { error } = message
  if (error !== undefined) {
    if (before.phase === 'prompt' && before.nudging) return nudge(before, about)
    const { mcpServers } = about
    const words = { initialize: 'initialize', session: 'session', option: 'model', prompt: 'agent-error', over: '' }
    const otherwise =
      before.phase === 'session' && mcpServers.length > 0 && /mcp/i.test(error.message)
        ? 'mcp-server'
        : words[before.phase]
    return finish(before, failureOf(error, otherwise))
  }
  switch (before.phase) {
    case 'initialize':
      return greeted(before, message.result, about)
    case 'session':
      return opened(before, message.result, about)
    case 'option':
      return next(before, about)
    default:
      return turned(before, message.result, about)
  }
}

function greeted(before: Conversation, result: unknown, about: About): Step {
  const hello = readHello(result)
  if (hello === undefined) return finish(before, failed('protocol', 'The agent did not say which protocol it speaks.'))
  if (hello.protocolVersion !== PROTOCOL)
    return finish(
      before,
      failed('protocol-version', `The agent speaks version ${hello.protocolVersion} of the protocol.`),
    )
  const { name, version } = hello.agentInfo ?? { name: 'agent', version: undefined }
  const who = `${name.slice(0, 100)} ${version?.slice(0, 100) ?? 'of unknown version'}`.toWellFormed()
  if (about.versions !== undefined && !inRange(version, about.versions)) {
    const { from, below } = about.versions
    const range = `${from} or later${below === undefined ? '' : `, below ${below}`}`
    return finish(
      before,
      failed('agent-version', `It is ${who}, and has to be ${range}. ${about.install ?? ''}`.trim()),
    )
  }
  const { task, mcpServers } = about
  const conversation: Conversation = { ...before, phase: 'session', request: before.request + 1 }
  return {
    conversation,
    effects: [
      { event: { type: 'progress', text: `${who}, protocol ${PROTOCOL}` } },
      { send: request(conversation.request, METHODS.newSession, newSessionParams(task.workspaceDir, mcpServers)) },
    ],
  }
}

function opened(before: Conversation, result: unknown, about: About): Step {
  const made = readSession(result)
  if (made === undefined) return finish(before, failed('session', 'The agent opened no conversation.'))
  const wanted = optionsFor(about.task, made.configOptions ?? [])
  if (!wanted.ok) return finish(before, failed(wanted.reason, wanted.detail))
  return next({ ...before, session: made.sessionId, options: wanted.options }, about)
}

/** The next option, or, where none is left, the prompt. */
function next(before: Conversation, about: About): Step {
  const [option, ...options] = before.options
  if (option === undefined) return ask(before, about.prompt)
  const conversation: Conversation = { ...before, phase: 'option', options, request: before.request + 1 }
  const params = { sessionId: before.session, configId: option.id, value: option.value }
  return { conversation, effects: [{ send: request(conversation.request, METHODS.setOption, params) }] }
}

function ask(before: Conversation, text: string): Step {
  const conversation: Conversation = {
    ...before,
    phase: 'prompt',
    request: before.request + 1,
    nudging: false,
    refused: '',
  }
  return {
    conversation,
    effects: [{ send: request(conversation.request, METHODS.prompt, promptParams(before.session, text)) }],
  }
}

function turned(before: Conversation, result: unknown, about: About): Step {
  const turn = readTurnEnd(result)
  if (turn === undefined) return finish(before, failed('protocol', 'The agent did not say how its turn ended.'))
  const { usage } = turn
  const effects: Effect[] = usage ? [{ event: usageEvent(usage, about.task.model) }] : []
  // A turn that came to its end by itself meanwhile did so.
  if (before.nudging && turn.stopReason === 'cancelled') {
    const step = nudge(before, about)
    return { ...step, effects: [...effects, ...step.effects] }
  }
  // Some end their turn where something is rejected, and wait to be told what to do instead.
  if (before.refused !== '' && turn.stopReason === 'cancelled') {
    const step = ask(before, `${before.refused} is not allowed here. Do without it, or say why you can not and end.`)
    return { ...step, effects: [...effects, ...step.effects] }
  }
  return finish(before, stopped(turn.stopReason), effects)
}

function usageEvent(
  usage: { readonly inputTokens: number; readonly outputTokens: number },
  model = 'unknown',
): AgentEvent {
  const { inputTokens, outputTokens } = usage
  return { type: 'usage', model, inputTokens, outputTokens }
}

function nudge(before: Conversation, about: About): Step {
  const times = about.repeats.nudge
  return ask(
    before,
    `You made the same tool call with the same input ${times} times. It does not get you further. Do something else, or say why you can not and end.`,
  )
}

function notified(before: Conversation, params: unknown, whole: boolean, about: About): Step {
  const told = readUpdate(params)
  if (told === undefined) return idle(before)
  if (told.sessionUpdate === 'agent_message_chunk') return said(before, told.content.text ?? '')
  return used(before, told, whole, about)
}

/** Nobody is there to answer. */
function declined(before: Conversation, id: RequestId, params: unknown): Step {
  const text = (readQuestion(params) ?? '').slice(0, 1_000).toWellFormed()
  return {
    conversation: before,
    effects: [
      { event: { type: 'question', id: String(id), text } },
      { send: { jsonrpc: '2.0', id, result: { action: 'decline' } } },
    ],
  }
}

function idle(conversation: Conversation): Step {
  return { conversation, effects: [] }
}

function request(id: number, method: string, params: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, method, params }
}

function missing({ install }: About): string {
  return `The agent's program is neither on the path nor in node_modules/.bin of the workspace. ${install === undefined ? 'Install it.' : `Install it: ${install}`}`
}
