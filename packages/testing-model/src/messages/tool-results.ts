import { badRequest } from '../fault.ts'
import type { Fault } from '../fault.ts'
import type { Block, Message } from './request.ts'

const idOf = (block: Block, name: 'id' | 'tool_use_id'): string => String(block[name])

const callsOf = (message: Message | undefined): readonly string[] =>
  message?.role === 'assistant'
    ? message.content.filter(({ type }) => type === 'tool_use').map((block) => idOf(block, 'id'))
    : []

/** The results with which a message begins: those behind another block are not found by the API. */
function resultsOf(message: Message | undefined): readonly string[] {
  if (message?.role !== 'user') return []
  const other = message.content.findIndex(({ type }) => type !== 'tool_result')
  const first = other < 0 ? message.content : message.content.slice(0, other)
  return first.map((block) => idOf(block, 'tool_use_id'))
}

function answered(messages: readonly Message[], index: number): readonly Fault[] {
  const results = new Set(resultsOf(messages[index + 1]))
  const missing = callsOf(messages[index]).filter((id) => !results.has(id))
  if (missing.length === 0) return []
  return [
    badRequest(
      'tool-result',
      `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      ['messages', index],
    ),
  ]
}

function asked(messages: readonly Message[], index: number): readonly Fault[] {
  const calls = callsOf(messages[index - 1])
  const seen = new Set<string>()
  return (messages[index]?.content ?? []).flatMap((block, at) => {
    if (block.type !== 'tool_result') return []
    const id = idOf(block, 'tool_use_id')
    const path = ['messages', index, 'content', at]
    if (!calls.includes(id))
      return [
        badRequest(
          'tool-result',
          `messages.${index}.content.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
          path,
        ),
      ]
    if (seen.has(id))
      return [
        badRequest(
          'tool-result',
          `messages.${index}.content.${at}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
          path,
        ),
      ]
    seen.add(id)
    return []
  })
}

/** Every call has its result in the message after it, first in it; every result its call in the message before. */
export function toolResultFaults(messages: readonly Message[]): readonly Fault[] {
  const seen = new Set<string>()
  const twice = messages.flatMap((message, index) =>
    callsOf(message).flatMap((id) => {
      if (!seen.has(id)) {
        seen.add(id)
        return []
      }
      return [badRequest('tool-result', 'messages: `tool_use` ids must be unique', ['messages', index])]
    }),
  )
  return [...messages.flatMap((_, index) => [...answered(messages, index), ...asked(messages, index)]), ...twice]
}

/** Messages with those of one role after each other as one. */
export function combined(messages: readonly Message[]): readonly Message[] {
  const all: Message[] = []
  for (const message of messages) {
    const last = all.at(-1)
    if (last?.role === message.role) all[all.length - 1] = { ...last, content: [...last.content, ...message.content] }
    else all.push(message)
  }
  return all
}
