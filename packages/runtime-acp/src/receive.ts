import type { AgentEvent, JsonObject } from '@seamark/core'
import {
  deniedWords,
  failed,
  finish,
  idle,
  isObject,
  nudgeWords,
  programMissing,
  progress,
  said,
  TURN,
  questioned,
  questionText,
  used,
  versionRefused,
} from '@seamark/runtime'
import type { Effect, Step } from '@seamark/runtime'
import {
  cancelParams,
  ERROR_CODES,
  initializeParams,
  METHODS,
  newSessionParams,
  oldSessionParams,
  promptParams,
  PROTOCOL,
} from './acp-port.ts'
import { missingServers, unspokenServers } from './asked-servers.ts'
import { OPENING } from './conversation.ts'
import type { AcpAbout, AcpConversation } from './conversation.ts'
import { failureOf, stopped } from './failure.ts'
import {
  readHello,
  readMessage,
  readMissingServers,
  readQuestion,
  readSession,
  readSilentServers,
  readTurnEnd,
  readUpdate,
} from './message.ts'
import type { Hello, Message, RequestId, ToolCallData } from './message.ts'
import { answered } from './permission.ts'
import { optionsFor } from './session-options.ts'
import { toolCall } from './tools.ts'
import { silentServers } from './watched-servers.ts'

type Acp = Step<AcpConversation>

/** Before the agent has said anything. */
export function begin(): Acp {
  return { conversation: OPENING, effects: [{ send: request(0, METHODS.initialize, initializeParams()) }] }
}

/** `whole` says that nothing of the message was shortened. */
export function receive(before: AcpConversation, line: string, whole: boolean, about: AcpAbout): Acp {
  const message = readMessage(line)
  if (message === undefined) return idle(before)
  if (message.seamark === 'program-missing' && before.session === '') return finish(before, programMissing(about))
  if (message.seamark === 'missing-servers' && before.session === '') return missing(before, message, about)
  if (message.seamark === 'unasked-servers' && before.session === '') return unasked(before, about)
  if (message.seamark === 'silent-servers') return silent(before, message, about)
  if (before.phase === 'over') return { conversation: before, effects: [] }
  const { id, method } = message
  if (method === undefined)
    return id === before.request ? respondedTo(before, message, about) : { conversation: before, effects: [] }
  if (id === undefined) return method === METHODS.update ? notified(before, message.params, whole, about) : idle(before)
  if (method === METHODS.permission) return answered(heard(before), id, message.params, whole, about)
  if (method === METHODS.question) return questionOf(before, id, message.params)
  const error = { code: ERROR_CODES.methodNotFound, message: 'Not offered: the agent works in its own sandbox.' }
  return { conversation: before, effects: [{ send: { jsonrpc: '2.0', id, error } }] }
}

/** Told before the program begins, which it then does not. */
function missing(before: AcpConversation, message: Message, { mcpServers }: AcpAbout): Acp {
  const outcome = missingServers(readMissingServers(message), mcpServers)
  return outcome === undefined ? idle(before) : finish(before, outcome)
}

/** Told before the program begins, which knows of them what nobody else does. */
function unasked(before: AcpConversation, { mcpServers }: AcpAbout): Acp {
  const names = mcpServers.flatMap((server) => ('url' in server ? [server.name] : []))
  const text = `Whether these MCP servers are there could not be found out: ${names.join(', ')}.`
  return { conversation: before, effects: progress(text) }
}

/** Told once the program has ended. A turn that was completed without what it was to have was not. */
function silent(before: AcpConversation, message: Message, { mcpServers }: AcpAbout): Acp {
  const outcome = silentServers(readSilentServers(message), mcpServers)
  if (outcome === undefined || before.outcome?.completed === false) return idle(before)
  return before.phase === 'over' ? { conversation: { ...before, outcome }, effects: [] } : finish(before, outcome)
}

function respondedTo(before: AcpConversation, message: Message, about: AcpAbout): Acp {
  const { error } = message
  if (error !== undefined) {
    if (before.phase === 'prompt' && before.nudging) return nudge(before, about)
    const { mcpServers, task } = about
    const session = task.resume === undefined ? 'session' : 'resume'
    const words = { initialize: 'initialize', session, option: 'model', prompt: 'agent-error', over: '' }
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

function greeted(before: AcpConversation, result: unknown, about: AcpAbout): Acp {
  const hello = readHello(result)
  if (hello === undefined) return finish(before, failed('protocol', 'The agent did not say which protocol it speaks.'))
  if (hello.protocolVersion !== PROTOCOL)
    return finish(
      before,
      failed('protocol-version', `The agent speaks version ${hello.protocolVersion} of the protocol.`),
    )
  const { name, version } = hello.agentInfo ?? { name: 'agent', version: undefined }
  const who = `${name.slice(0, 100)} ${version?.slice(0, 100) ?? 'of unknown version'}`.toWellFormed()
  const refused = versionRefused(who, version, about)
  if (refused !== undefined) return finish(before, refused)
  const told: Effect = { event: { type: 'progress', text: `${who}, protocol ${PROTOCOL}` } }
  const unspoken = unspokenServers(about.mcpServers, hello.agentCapabilities ?? {})
  if (unspoken !== undefined) return finish(before, unspoken, [told])
  const open = opening(hello, about)
  if (open === undefined)
    return finish(before, failed('resume', 'The agent does not go on with a conversation.'), [told])
  const conversation: AcpConversation = {
    ...before,
    phase: 'session',
    program: who,
    request: before.request + 1,
  }
  return { conversation, effects: [told, { send: request(conversation.request, ...open) }] }
}

/** How the conversation is opened; `undefined` where it is to be gone on with, and the agent can not. */
function opening({ agentCapabilities: can }: Hello, { task, mcpServers }: AcpAbout): [string, JsonObject] | undefined {
  const { resume, workspaceDir } = task
  if (resume === undefined) return [METHODS.newSession, newSessionParams(workspaceDir, mcpServers)]
  const params = oldSessionParams(resume.id, workspaceDir, mcpServers)
  // The first says nothing again of what was said.
  if (isObject(can?.sessionCapabilities?.resume)) return [METHODS.resumeSession, params]
  return can?.loadSession === true ? [METHODS.loadSession, params] : undefined
}

function opened(before: AcpConversation, result: unknown, about: AcpAbout): Acp {
  const { resume } = about.task
  const made = readSession(resume === undefined ? result : { ...(isObject(result) && result), sessionId: resume.id })
  if (made === undefined) return finish(before, failed('session', 'The agent opened no conversation.'))
  const wanted = optionsFor(about.task, made.configOptions ?? [])
  if (!wanted.ok) return finish(before, failed(wanted.reason, wanted.detail))
  const { conversation, effects } = next({ ...before, session: made.sessionId, options: wanted.options }, about)
  const { program } = before
  const begun: Effect = {
    event: { type: 'conversation', id: made.sessionId, resumed: resume !== undefined, program },
  }
  return { conversation, effects: [begun, ...effects] }
}

/** The next option, or, where none is left, the prompt. */
function next(before: AcpConversation, about: AcpAbout): Acp {
  const [option, ...options] = before.options
  if (option === undefined) return ask(before, about.prompt)
  const conversation: AcpConversation = { ...before, phase: 'option', options, request: before.request + 1 }
  const params = { sessionId: before.session, configId: option.id, value: option.value }
  return { conversation, effects: [{ send: request(conversation.request, METHODS.setOption, params) }] }
}

function heard({ unheard: _, ...before }: AcpConversation): AcpConversation {
  return before
}

/** Words after a turn that was canceled. */
function askAgain(before: AcpConversation, text: string): Acp {
  const { conversation, effects } = ask(before, text)
  return { conversation: { ...conversation, unheard: text }, effects }
}

function ask(before: AcpConversation, text: string): Acp {
  const conversation: AcpConversation = {
    ...heard(before),
    phase: 'prompt',
    request: before.request + 1,
    nudging: false,
    refused: '',
  }
  return {
    conversation,
    effects: [TURN, { send: request(conversation.request, METHODS.prompt, promptParams(before.session, text)) }],
  }
}

function turned(before: AcpConversation, result: unknown, about: AcpAbout): Acp {
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
    const step = askAgain(before, deniedWords(before.refused))
    return { ...step, effects: [...effects, ...step.effects] }
  }
  // Some take the end of the turn that was canceled for that of the next one.
  if (before.unheard !== undefined && turn.stopReason === 'end_turn') {
    const step = ask(before, before.unheard)
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

function nudge(before: AcpConversation, about: AcpAbout): Acp {
  return askAgain(before, nudgeWords(about.repeats.nudge))
}

function notified(before: AcpConversation, params: unknown, whole: boolean, about: AcpAbout): Acp {
  // What it says before it has the prompt is of the attempts before.
  if (before.phase !== 'prompt') return idle(before)
  const told = readUpdate(params)
  if (told === undefined) return idle(before)
  if (told.sessionUpdate === 'agent_message_chunk') return said(heard(before), told.content.text ?? '')
  if (told.sessionUpdate === 'usage_update') {
    const { amount, currency } = told.cost
    return { conversation: before, effects: [{ event: { type: 'cost', amount, currency, of: 'conversation' } }] }
  }
  return used(heard(before), toolCall(wasRun(before, told) ? { ...told, status: 'completed' } : told), whole, about)
}

/** A call that failed and was not denied here was made: what was asked for fails where it is denied. */
function wasRun({ uses, nudging }: AcpConversation, { toolCallId, status }: ToolCallData): boolean {
  // A turn that is canceled lets calls fail that were not made.
  if (status !== 'failed' || nudging) return false
  return uses.find(([known]) => known === toolCallId)?.[1].counted !== true
}

function questionOf(before: AcpConversation, id: RequestId, params: unknown): Acp {
  const text = before.phase === 'prompt' ? questionText(readQuestion(params) ?? []) : ''
  const reply = (action: string): Effect => ({ send: { jsonrpc: '2.0', id, result: { action } } })
  // A page to go to is none.
  if (text === '') return { conversation: before, effects: [reply('decline')] }
  return questioned(before, { id: String(id), text }, [reply('cancel'), canceled(before)])
}

/** Asks the agent to end its turn. */
export function canceled({ session }: AcpConversation): Effect {
  return { send: { jsonrpc: '2.0', method: METHODS.cancel, params: cancelParams(session) } }
}

function request(id: number, method: string, params: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, method, params }
}
