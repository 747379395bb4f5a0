import {
  failed,
  failureSaid,
  finish,
  idle,
  nudgeWords,
  programMissing,
  progress,
  said,
  used,
  versionRefused,
} from '@seamark/runtime'
import type { Effect, Outcome, Step } from '@seamark/runtime'
import { asked } from './asked.ts'
import { IDS, OPENING } from './conversation.ts'
import type { CodexAbout, CodexConversation } from './conversation.ts'
import { outcomeOf } from './ended.ts'
import { readHello, readItem, readMessage, readSkills, readThread, readThreadId, readTurn } from './message.ts'
import type { Message } from './message.ts'
import { noticed } from './noticed.ts'
import { hello, listSkills, openThread, prompted } from './thread.ts'
import { endOfCall, itemCall, resultOf } from './tools.ts'

type Codex = Step<CodexConversation>

/** Before the program has said anything. */
export function begin(): Codex {
  return { conversation: OPENING, effects: [hello()] }
}

/** `whole` says that nothing of the message was shortened. */
export function receive(before: CodexConversation, line: string, whole: boolean, about: CodexAbout): Codex {
  const message = readMessage(line)
  if (message === undefined) return idle(before)
  if (message.seamark === 'program-missing' && before.phase === 'initialize')
    return finish(before, programMissing(about))
  if (before.phase === 'over') return idle(before)
  if (message.method === undefined) return respondedTo(before, message, about)
  if (message.id !== undefined) return asked(before, message, whole, about)
  const { method, params } = message
  switch (method) {
    case 'turn/completed':
      return turned(before, params, about)
    case 'turn/started':
      return began(before, params)
    case 'item/started':
    case 'item/completed':
      return went(before, params, method === 'item/completed', whole, about)
    default:
      return ready(noticed(before, method, params, about), about)
  }
}

const WORDS = { initialize: 'initialize', skills: 'session', thread: 'session' } as const

function respondedTo(before: CodexConversation, message: Message, about: CodexAbout): Codex {
  const { id, result, error } = message
  const { phase } = before
  if (phase === 'servers' || phase === 'prompt') {
    if (id !== IDS.turn) return idle(before)
    return error === undefined ? began(before, result) : finish(before, failureSaid(error.message, 'agent-error'))
  }
  if (phase === 'over' || id !== IDS[phase]) return idle(before)
  if (error !== undefined) {
    const isGone = phase === 'thread' && about.task.resume !== undefined
    return finish(before, refused(error.message, isGone ? 'resume' : WORDS[phase], about))
  }
  if (phase === 'initialize') return greeted(before, result, about)
  if (phase === 'thread') return opened(before, result, about)
  const skills = readSkills(result)
  if (skills === undefined) return finish(before, failed('protocol', 'The program did not say which skills there are.'))
  const foreign = skills.filter(({ scope }) => scope !== 'user').map(({ path }) => path)
  return { conversation: { ...before, phase: 'thread' }, effects: [openThread(about, foreign)] }
}

function refused(message: string, otherwise: string, { mcpServers }: CodexAbout): Outcome {
  const isOfServer = Object.keys(mcpServers).length > 0 && /\bmcp\b/i.test(message)
  return isOfServer ? failed('mcp-server', message) : failureSaid(message, otherwise)
}

function greeted(before: CodexConversation, result: unknown, about: CodexAbout): Codex {
  // Its name for itself is ours, with its version.
  const version = /^[^/]*\/(\S{1,100})/.exec(readHello(result) ?? '')?.[1]
  const who = `Codex ${version ?? 'of unknown version'}`.toWellFormed()
  const outcome = version === undefined ? failed('agent-version', `It is ${who}.`) : versionRefused(who, version, about)
  if (outcome !== undefined) return finish(before, outcome)
  const known: CodexConversation = { ...before, program: who }
  const effects: Effect[] = [...progress(who), { send: { method: 'initialized' } }]
  if (about.skills.length > 0 && !about.projectSettings)
    return { conversation: { ...known, phase: 'skills' }, effects: [...effects, listSkills(about)] }
  return { conversation: { ...known, phase: 'thread' }, effects: [...effects, openThread(about, [])] }
}

function opened(before: CodexConversation, result: unknown, about: CodexAbout): Codex {
  const thread = readThread(result)
  if (thread === undefined)
    return finish(before, failed('protocol', 'The program did not say which conversation it opened.'))
  if (thread.approvalPolicy !== 'untrusted')
    return finish(before, failed('protocol', 'The program would not ask before it does something.'))
  const { id: session } = thread.thread
  const model = thread.model.slice(0, 200).toWellFormed()
  const starting = Object.keys(about.mcpServers)
  const { resume } = about.task
  // It would be told the answer to what it did not ask.
  if (resume !== undefined && resume.id !== session)
    return finish(before, failed('resume', `The program opened the conversation ${session}.`))
  const conversation: CodexConversation = { ...before, phase: 'servers', session, model, starting }
  const effects: Effect[] = [
    ...progress(`Conversation ${session}, model ${model}`),
    { event: { type: 'conversation', id: session, resumed: resume !== undefined, program: before.program } },
  ]
  return ready({ conversation, effects }, about)
}

/** The prompt is given once every MCP server is there. */
function ready({ conversation, effects }: Codex, about: CodexAbout): Codex {
  if (conversation.phase !== 'servers' || conversation.starting.length > 0) return { conversation, effects }
  return {
    conversation: { ...conversation, phase: 'prompt' },
    effects: [...effects, ...prompted(conversation, about.prompt, about)],
  }
}

/** Whether a message is about the conversation itself, and not about one of an agent inside it. */
const isOwn = ({ session }: CodexConversation, params: unknown) => readThreadId(params) === session

function began(before: CodexConversation, value: unknown): Codex {
  const thread = readThreadId(value)
  const turn = readTurn(value)
  if (turn === undefined || (thread !== undefined && thread !== before.session)) return idle(before)
  return idle({ ...before, turn: turn.id })
}

function went(before: CodexConversation, params: unknown, ended: boolean, whole: boolean, about: CodexAbout): Codex {
  const item = readItem(params)
  if (item === undefined || before.phase !== 'prompt') return idle(before)
  if (item.type === 'agentMessage')
    return ended && isOwn(before, params) ? said(before, `${item.text ?? ''}\n`) : idle(before)
  const call = itemCall(item)
  if (call === undefined) return idle(before)
  return used(before, ended ? { ...call, status: endOfCall(item), result: resultOf(item) } : call, whole, about)
}

function turned(before: CodexConversation, params: unknown, about: CodexAbout): Codex {
  if (!isOwn(before, params) || before.phase !== 'prompt') return idle(before)
  const turn = readTurn(params)
  if (turn === undefined) return finish(before, failed('protocol', 'The program did not say how its turn ended.'))
  // A turn that came to its end by itself meanwhile did so.
  if (!before.nudging || turn.status !== 'interrupted') return finish(before, outcomeOf(turn, before))
  const conversation: CodexConversation = { ...before, turn: '', nudging: false, refused: '' }
  return { conversation, effects: prompted(conversation, nudgeWords(about.repeats.nudge), about) }
}
