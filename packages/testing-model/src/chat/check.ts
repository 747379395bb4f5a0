import { badRequest } from '../fault.ts'
import type { Fault } from '../fault.ts'
import type { ChatBody, ChatMessage, ChatTool } from './request.ts'

const callsOf = (message: ChatMessage | undefined): readonly string[] =>
  message?.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : []

function messageFaults(message: ChatMessage, index: number): readonly Fault[] {
  const path = ['messages', index]
  const { role, content, tool_calls: calls } = message
  if (role === 'tool' && typeof message.tool_call_id !== 'string')
    return [
      badRequest(
        'shape',
        `Missing required parameter: 'messages[${index}].tool_call_id'.`,
        [...path, 'tool_call_id'],
        'missing_required_parameter',
      ),
    ]
  if (content === undefined && !(role === 'assistant' && calls))
    return [
      badRequest(
        'shape',
        `Missing required parameter: 'messages[${index}].content'.`,
        [...path, 'content'],
        'missing_required_parameter',
      ),
    ]
  if (content === null && role !== 'assistant')
    return [
      badRequest(
        'shape',
        `Invalid value for 'content': expected a string, got null.`,
        [...path, 'content'],
        'invalid_type',
      ),
    ]
  if (calls && calls.length === 0)
    return [
      badRequest(
        'shape',
        `Invalid 'messages[${index}].tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
        [...path, 'tool_calls'],
        'empty_array',
      ),
    ]
  return []
}

/** Behind an assistant's calls comes a message of each result, before anything else. */
function toolResultFaults(messages: readonly ChatMessage[]): readonly Fault[] {
  const found: Fault[] = []
  let open = new Set<string>()
  let asked = 0
  const missing = (): void => {
    if (open.size > 0)
      found.push(
        badRequest(
          'tool-result',
          `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`,
          ['messages', asked],
        ),
      )
    open = new Set()
  }
  messages.forEach((message, index) => {
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id ?? ''))
        found.push(
          badRequest(
            'tool-result',
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
            ['messages', index, 'role'],
          ),
        )
      return
    }
    missing()
    open = new Set(callsOf(message))
    asked = index
  })
  missing()
  return found
}

export const nameOf = (tool: ChatTool): string => tool.function?.name ?? tool.custom?.name ?? ''

function toolFaults({ tools, tool_choice: choice }: ChatBody): readonly Fault[] {
  const bad = (tools ?? []).flatMap((tool, index) => {
    const name = nameOf(tool)
    const path = ['tools', index, 'function', 'name']
    if (name === '')
      return [
        badRequest(
          'tool-definition',
          `Missing required parameter: 'tools[${index}].function.name'.`,
          path,
          'missing_required_parameter',
        ),
      ]
    if (/^[a-zA-Z0-9_-]{1,64}$/.test(name)) return []
    return [
      badRequest(
        'tool-definition',
        `Invalid 'tools[${index}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
        path,
        'invalid_value',
      ),
    ]
  })
  const path = ['tool_choice']
  if (choice === undefined || choice === null) return bad
  if (!tools || tools.length === 0)
    return [...bad, badRequest('tool-definition', "'tool_choice' is only allowed when 'tools' are specified.", path)]
  if (typeof choice === 'object' && choice.function && !tools.some((tool) => nameOf(tool) === choice.function?.name))
    return [
      ...bad,
      badRequest(
        'tool-definition',
        "Invalid value for 'tool_choice': it does not match any of the specified 'tools'.",
        path,
      ),
    ]
  return bad
}

function optionFaults(body: ChatBody): readonly Fault[] {
  const found: Fault[] = []
  const { max_tokens: old, max_completion_tokens: most, n, stream, stream_options: options } = body
  if (typeof old === 'number' && typeof most === 'number')
    found.push(
      badRequest(
        'options',
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        ['max_tokens'],
        'invalid_parameter_combination',
      ),
    )
  if (options && stream !== true)
    found.push(
      badRequest('options', "The 'stream_options' parameter is only allowed when 'stream' is enabled.", [
        'stream_options',
      ]),
    )
  if (typeof n === 'number' && n !== 1)
    found.push(badRequest('options', 'This server gives one choice: `n` has to be 1.', ['n']))
  for (const [name, value] of [
    ['max_tokens', old],
    ['max_completion_tokens', most],
  ] as const)
    if (typeof value === 'number' && value < 1)
      found.push(
        badRequest(
          'limits',
          `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`,
          [name],
          'integer_below_min_value',
        ),
      )
  return found
}

/** What the Chat Completions API would refuse in a body that has its shape. */
export function chatFaults(body: ChatBody): readonly Fault[] {
  const { messages } = body
  const shape = messages.flatMap(messageFaults)
  return [
    ...(messages.length === 0
      ? [
          badRequest(
            'shape',
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            ['messages'],
            'empty_array',
          ),
        ]
      : []),
    ...shape,
    ...(shape.length > 0 ? [] : toolResultFaults(messages)),
    ...toolFaults(body),
    ...optionFaults(body),
  ]
}
