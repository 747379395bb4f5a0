import { failed, idle, progress, stop } from '@seamark/runtime'
import type { Step } from '@seamark/runtime'
import type { CodexAbout, CodexConversation } from './conversation.ts'
import { limited, metered, statusOf } from './ended.ts'
import { readLimits, readMetered, readProblem, readRerouted, readServerStatus, readWarning } from './message.ts'

type Codex = Step<CodexConversation>

/** What the program says beside what it does. */
export function noticed(before: CodexConversation, method: string, params: unknown, about: CodexAbout): Codex {
  switch (method) {
    case 'thread/tokenUsage/updated': {
      const usage = readMetered(params)
      if (usage === undefined) return idle(before)
      const { conversation, effects } = metered(before, usage)
      // Before its turn began, it tells what the attempts before used.
      const isEarlier = about.task.resume !== undefined && before.turn === ''
      return { conversation, effects: isEarlier ? [] : effects }
    }
    case 'account/rateLimits/updated': {
      const limits = readLimits(params)
      return limits === undefined ? idle(before) : limited(before, limits)
    }
    case 'mcpServer/startupStatus/updated':
      return started(before, params, about)
    case 'error':
      return retried(before, params)
    case 'warning':
    case 'deprecationNotice':
      return { conversation: before, effects: progress((readWarning(params) ?? '').split('\n', 1)[0] ?? '') }
    case 'model/rerouted': {
      const models = readRerouted(params)
      if (models === undefined) return idle(before)
      return { conversation: before, effects: progress(`Model ${models.toModel} answers for ${models.fromModel}`) }
    }
    default:
      return idle(before)
  }
}

function retried(before: CodexConversation, params: unknown): Codex {
  const problem = readProblem(params)
  // What it does not try again ends its turn, which says so.
  if (problem?.willRetry !== true) return idle(before)
  const { message, codexErrorInfo, additionalDetails } = problem.error
  const why = `${statusOf(codexErrorInfo) ?? ''} ${additionalDetails ?? ''}`.trim()
  return { conversation: before, effects: progress(`${message} ${why}`) }
}

function started(before: CodexConversation, params: unknown, about: CodexAbout): Codex {
  const server = readServerStatus(params)
  if (server === undefined || before.phase === 'initialize' || !Object.hasOwn(about.mcpServers, server.name))
    return idle(before)
  const { name, status, error } = server
  if (status === 'ready') return idle({ ...before, starting: before.starting.filter((one) => one !== name) })
  // It would go on without it.
  if (status !== 'failed') return idle(before)
  return stop(before, failed('mcp-server', `${name} did not start. ${error ?? ''}`.trim()), about)
}
