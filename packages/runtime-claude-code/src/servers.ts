import { failed, finish, idle, stop } from '@seamark/runtime'
import type { Effect, Outcome, Step } from '@seamark/runtime'
import { control, SERVERS } from './conversation.ts'
import type { ClaudeAbout, ClaudeConversation } from './conversation.ts'
import { readMcpStatus } from './message.ts'
import type { McpServerStatus } from './message.ts'

type Claude = Step<ClaudeConversation>

/** Servers of which is kept that they are starting. */
const MOST = 64

/** What the program said of its MCP servers when its turn began. It has the prompt, and would go on without those that failed. */
export function begunWith(
  before: ClaudeConversation,
  servers: readonly McpServerStatus[],
  about: ClaudeAbout,
  effects: readonly Effect[],
): Claude {
  const dead = servers.filter(({ status }) => !['connected', 'pending'].includes(status))
  if (dead.length > 0) return stop(before, missing(dead), about, effects)
  const starting = servers.flatMap(({ name, status }) => (status === 'pending' ? [name.slice(0, 200)] : []))
  const next = asked({ ...before, starting: starting.slice(0, MOST) })
  return { ...next, effects: [...effects, ...next.effects] }
}

/** Asks which servers have started, where some had not; one question at a time. */
export function asked(before: ClaudeConversation): Claude {
  if (before.asking || before.starting.length === 0) return idle(before)
  return {
    conversation: { ...before, asking: true },
    effects: [{ send: control(SERVERS, { subtype: 'mcp_status' }) }],
  }
}

/** The answer to that. What did not start by the end of a turn that was completed was never there. */
export function answeredWith(before: ClaudeConversation, response: unknown, about: ClaudeAbout): Claude {
  const { starting, ending } = before
  const known = readMcpStatus(response) ?? []
  const left = starting.map(
    (name) => known.find((one) => one.name.slice(0, 200) === name) ?? { name, status: 'unknown' },
  )
  const open = left.filter(({ status }) => status !== 'connected')
  const after: ClaudeConversation = { ...before, asking: false, starting: open.map(({ name }) => name) }
  if (ending !== undefined) return finish(after, open.length === 0 ? ending : missing(open))
  const dead = open.filter(({ status }) => !['pending', 'unknown'].includes(status))
  return dead.length === 0 ? idle(after) : stop(after, missing(dead), about)
}

/** The end of a turn: it counts once it is known that nothing was missing in it. */
export function endedWith(before: ClaudeConversation, outcome: Outcome, effects: readonly Effect[]): Claude {
  if (!outcome.completed || before.starting.length === 0) return finish(before, outcome, effects)
  const next = asked({ ...before, ending: outcome })
  return { ...next, effects: [...effects, ...next.effects] }
}

function missing(servers: readonly McpServerStatus[]): Outcome {
  const words = servers.map(({ name, status, error }) => `${name} (${error ?? status})`)
  return failed('mcp-server', `These did not start: ${words.join(', ')}.`)
}
