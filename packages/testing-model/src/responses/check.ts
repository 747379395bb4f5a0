import { badRequest } from '../fault.ts'
import type { Fault } from '../fault.ts'
import { listOf } from '../json.ts'
import { openAiShape, paramOf } from '../shape.ts'
import { messageContent, OTHER_ITEMS, OUTPUT_OF, OUTPUTS, typeOf } from './request.ts'
import type { Item, ResponsesBody, ResponsesTool } from './request.ts'
import { isTool, offeredTools } from './tools.ts'

const ROLES = ['assistant', 'system', 'developer', 'user']

function invalid(path: readonly PropertyKey[], value: string, known: readonly string[]): Fault {
  const values = known.map((one) => `'${one}'`).join(', ')
  return badRequest(
    'shape',
    `Invalid value: '${value.slice(0, 100).toWellFormed()}'. Supported values are: ${values}.`,
    path,
    'invalid_value',
  )
}

function messageFaults(item: Item, path: readonly PropertyKey[]): readonly Fault[] {
  const role = item.role ?? ''
  if (!ROLES.includes(role)) return [invalid([...path, 'role'], role, ROLES)]
  const parsed = messageContent.safeParse(item['content'])
  if (!parsed.success)
    return openAiShape(
      parsed.error.issues.map((issue) => ({ ...issue, path: ['content', ...issue.path] })),
      item,
    ).map((fault) => ({ ...fault, path: [...path, ...(fault.path ?? [])] }))
  const known = role === 'assistant' ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file']
  return parsed.data.flatMap(({ type }, index) =>
    known.includes(type) || typeof item['content'] === 'string'
      ? []
      : [invalid([...path, 'content', index, 'type'], type, known)],
  )
}

function itemFaults(item: Item, index: number): readonly Fault[] {
  const path = ['input', index]
  const type = typeOf(item)
  if (type === 'message') return messageFaults(item, path)
  const isCall = Object.hasOwn(OUTPUT_OF, type)
  if (!isCall && !OUTPUTS.has(type))
    return OTHER_ITEMS.has(type)
      ? []
      : [invalid([...path, 'type'], type, ['message', ...Object.keys(OUTPUT_OF), ...OUTPUTS, ...OTHER_ITEMS])]
  const wanted = ['call_id', ...(type === 'function_call' ? ['name', 'arguments'] : []), ...(isCall ? [] : ['output'])]
  return wanted.flatMap((name) => {
    const value = item[name]
    const right = name === 'output' ? value !== undefined && value !== null : typeof value === 'string' && value !== ''
    const param = paramOf([...path, name])
    if (right || (name === 'arguments' && value === '')) return []
    return [
      badRequest('shape', `Missing required parameter: '${param}'.`, [...path, name], 'missing_required_parameter'),
    ]
  })
}

/** Every call of a tool has its output behind it, every output its call before it. Only a custom tool may answer more than once. */
function outputFaults(items: readonly Item[], at: (index: number) => readonly PropertyKey[]): readonly Fault[] {
  const calls = new Map<string, { readonly answers: string; readonly index: number; answered: boolean }>()
  const found: Fault[] = []
  items.forEach((item, index) => {
    const type = typeOf(item)
    const id = String(item['call_id'])
    const answers = Object.hasOwn(OUTPUT_OF, type) ? OUTPUT_OF[type] : undefined
    if (answers !== undefined) calls.set(id, { answers, index, answered: false })
    if (!OUTPUTS.has(type)) return
    const call = calls.get(id)
    if (call?.answers === type && (!call.answered || type === 'custom_tool_call_output')) call.answered = true
    else
      found.push(
        badRequest(
          'tool-result',
          `No tool call found for ${type.replace('_output', '').replaceAll('_', ' ')} output with call_id ${id}.`,
          at(index),
        ),
      )
  })
  for (const [id, { index, answered }] of calls)
    if (!answered) found.push(badRequest('tool-result', `No tool output found for function call ${id}.`, at(index)))
  return found
}

function toolFaults(tools: readonly ResponsesTool[], path: readonly PropertyKey[]): readonly Fault[] {
  const names = new Set<string>()
  return tools.flatMap((tool, index) => {
    const at = [...path, index]
    if (tool.type === 'namespace') return toolFaults(tool.tools ?? [], [...at, 'tools'])
    if (tool.type !== 'function' && tool.type !== 'custom') return []
    const name = tool.name ?? ''
    const param = paramOf([...at, 'name'])
    if (name === '')
      return [
        badRequest(
          'tool-definition',
          `Missing required parameter: '${param}'.`,
          [...at, 'name'],
          'missing_required_parameter',
        ),
      ]
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(name))
      return [
        badRequest(
          'tool-definition',
          `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
          [...at, 'name'],
          'invalid_value',
        ),
      ]
    const twice = names.has(name)
    names.add(name)
    return twice ? [badRequest('tool-definition', `Duplicate tool names found: ${name}.`, at, 'invalid_value')] : []
  })
}

function choiceFaults(body: ResponsesBody): readonly Fault[] {
  const choice = body.tool_choice
  if (typeof choice !== 'object' || choice === null || choice.type !== 'function') return []
  if (offeredTools(body).some(({ name }) => name === choice.name)) return []
  return [badRequest('tool-definition', "Tool choice 'function' not found in 'tools' parameter.", ['tool_choice'])]
}

/** What the Responses API would refuse in a body that has its shape. `before` is what its `previous_response_id` stands for. */
export function responsesFaults(body: ResponsesBody, before: readonly Item[]): readonly Fault[] {
  const { input, tools, max_output_tokens: most } = body
  const items = input.flatMap(itemFaults)
  const offset = before.length
  const at = (index: number): readonly PropertyKey[] =>
    index < offset ? ['previous_response_id'] : ['input', index - offset]
  return [
    ...items,
    ...(items.length > 0 ? [] : outputFaults([...before, ...input], at)),
    ...toolFaults(tools ?? [], ['tools']),
    ...input.flatMap((item, index) =>
      item.type === 'additional_tools'
        ? toolFaults(listOf(item['tools']).filter(isTool), ['input', index, 'tools'])
        : [],
    ),
    ...choiceFaults(body),
    ...(typeof most === 'number' && most < 16
      ? [
          badRequest(
            'limits',
            `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${most} instead.`,
            ['max_output_tokens'],
            'integer_below_min_value',
          ),
        ]
      : []),
    ...(body.background === true
      ? [badRequest('options', 'This server answers at once: `background` is not there.', ['background'])]
      : []),
  ]
}
