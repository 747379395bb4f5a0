import { badRequest } from '../fault.ts'
import type { Fault } from '../fault.ts'
import { isObject } from '../json.ts'
import { anthropicShape } from '../shape.ts'
import { BLOCKS, MEMBERS, OTHER_BLOCKS } from './request.ts'
import type { Block, Message, MessagesBody } from './request.ts'
import { signatureOf } from './signature.ts'
import { versionFaults } from './version.ts'
import { combined, toolResultFaults } from './tool-results.ts'

type Path = readonly PropertyKey[]

const say = (path: Path): string => path.map(String).join('.')

function blockFaults(block: Block, path: Path, last: boolean): readonly Fault[] {
  const { type } = block
  const schema = Object.hasOwn(BLOCKS, type) ? BLOCKS[type] : undefined
  if (schema === undefined) {
    if (OTHER_BLOCKS.has(type)) return []
    const known = [...Object.keys(BLOCKS), ...OTHER_BLOCKS].map((tag) => `'${tag}'`).join(', ')
    return [
      badRequest(
        'shape',
        `${say(path)}: Input tag '${type.slice(0, 100).toWellFormed()}' found using 'type' does not match any of the expected tags: ${known}`,
        path,
      ),
    ]
  }
  const parsed = schema.safeParse(block)
  if (!parsed.success)
    return anthropicShape(
      parsed.error.issues.map((issue) => ({ ...issue, path: [...path, type, ...issue.path] })),
      path.toReversed().reduce<unknown>((inner, step) => ({ [step]: inner }), { [type]: block }),
    )
  if (type === 'text' && block['text'] === '' && !last)
    return [badRequest('text', `${say(path.slice(0, 2))}: text content blocks must be non-empty`, path)]
  if (type === 'tool_use' && !/^[a-zA-Z0-9_-]+$/.test(String(block['id'])))
    return [
      badRequest('shape', `${say(path)}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`, [...path, 'id']),
    ]
  if (type === 'thinking' && block['signature'] !== signatureOf(String(block['thinking'])))
    return [badRequest('thinking', `${say(path)}: Invalid \`signature\` in \`thinking\` block`, path)]
  return []
}

function contentFaults(messages: readonly Message[]): readonly Fault[] {
  return messages.flatMap(({ role, content }, index) => {
    const path = ['messages', index]
    const last = role === 'assistant' && index === messages.length - 1
    if (content.length === 0 && !last)
      return [
        badRequest(
          'text',
          `${say(path)}: all messages must have non-empty content except for the optional final assistant message`,
          path,
        ),
      ]
    const ending = last ? content.at(-1) : undefined
    const blank = ending?.type === 'text' && /\s$/.test(String(ending['text']))
    return [
      ...content.flatMap((block, at) => blockFaults(block, [...path, 'content', at], last)),
      ...(blank
        ? [badRequest('text', 'messages: final assistant content cannot end with trailing whitespace', path)]
        : []),
    ]
  })
}

function alternationFaults(messages: readonly Message[], combine: boolean): readonly Fault[] {
  if (messages.length === 0) return [badRequest('shape', 'messages: at least one message is required', ['messages'])]
  const first: readonly Fault[] =
    messages[0]?.role === 'user'
      ? []
      : [badRequest('alternation', 'messages: first message must use the "user" role', ['messages', 0])]
  if (combine) return first
  const twice = messages.findIndex(({ role }, index) => index > 0 && messages[index - 1]?.role === role)
  if (twice < 0) return first
  return [
    ...first,
    badRequest(
      'alternation',
      `messages: roles must alternate between "user" and "assistant", but found multiple "${messages[twice]?.role ?? ''}" roles in a row`,
      ['messages', twice],
    ),
  ]
}

function toolFaults({ tools, tool_choice: choice }: MessagesBody): readonly Fault[] {
  const names = new Set<string>()
  const found = (tools ?? []).flatMap(({ type, name, input_schema: schema }, index) => {
    const path = ['tools', index]
    const faults: Fault[] = []
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(name))
      faults.push(
        badRequest(
          'tool-definition',
          `${say(path)}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`,
          [...path, 'name'],
        ),
      )
    if (names.has(name)) faults.push(badRequest('tool-definition', 'tools: Tool names must be unique.', path))
    names.add(name)
    // Tools of the provider's own types have no schema.
    if (type === undefined || type === null || type === 'custom') {
      if (!isObject(schema))
        faults.push(badRequest('tool-definition', `${say(path)}.custom.input_schema: Field required`, path))
      else if (schema['type'] !== 'object')
        faults.push(
          badRequest('tool-definition', `${say(path)}.custom.input_schema.type: Input should be 'object'`, path),
        )
    }
    return faults
  })
  if (choice === undefined || choice === null) return found
  const at = ['tool_choice']
  // As `none` it says what is so.
  if (names.size === 0 && choice.type !== 'none')
    return [...found, badRequest('tool-definition', 'tool_choice: may only be specified while providing `tools`', at)]
  if (choice.type === 'tool' && !names.has(choice.name ?? ''))
    return [...found, badRequest('tool-definition', `Tool '${choice.name ?? ''}' not found in provided tools`, at)]
  return found
}

function limitFaults({ max_tokens: most, thinking }: MessagesBody): readonly Fault[] {
  const found: Fault[] = []
  // None fills the cache, and generates nothing.
  if (most < 0)
    found.push(badRequest('limits', 'max_tokens: Input should be greater than or equal to 0', ['max_tokens']))
  const budget = thinking?.type === 'enabled' ? thinking.budget_tokens : undefined
  const path = ['thinking', 'budget_tokens']
  if (typeof budget === 'number' && budget < 1024)
    found.push(
      badRequest('thinking', 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024', path),
    )
  if (typeof budget === 'number' && budget >= most)
    found.push(badRequest('thinking', '`max_tokens` must be greater than `thinking.budget_tokens`.', path))
  return found
}

/** What the Messages API would refuse in a body that has its shape. */
export function messagesFaults(
  body: MessagesBody,
  options: { readonly combine: boolean; readonly counts: boolean; readonly version: string },
): readonly Fault[] {
  const unknown = Object.keys(body)
    .filter((name) => !MEMBERS.has(name))
    .map((name) => badRequest('unknown-member', `${name}: Extra inputs are not permitted`, [name]))
  const blocks = contentFaults(body.messages)
  // What a system message says belongs to no turn.
  const turns = body.messages.filter(({ role }) => role !== 'system')
  const messages = options.combine ? combined(turns) : turns
  return [
    ...unknown,
    ...alternationFaults(turns, options.combine),
    ...blocks,
    // Ids are read only of blocks that have their shape.
    ...(blocks.some(({ check }) => check === 'shape') ? [] : toolResultFaults(messages)),
    ...(options.version >= '2026-10-21' ? versionFaults(body) : []),
    ...toolFaults(body),
    ...(options.counts ? [] : limitFaults(body)),
  ]
}
