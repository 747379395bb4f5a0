import { SeamError } from '@seamark/kit'
import { otherMembers, pointerTo } from './build-call.ts'
import { isObject, listOf } from './json-body.ts'
import type { Edit, JsonBody, JsonObject } from './json-body.ts'
import { walkContent } from './parts.ts'
import type { Content, PartKind } from './parts.ts'

// Field names: https://developers.openai.com/api/reference/resources/responses and .../chat
const SHARED = [
  'model',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'metadata',
  'store',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'top_logprobs',
  'service_tier',
] as const

const RESPONSES = new Set<string>([
  ...SHARED,
  'input',
  'instructions',
  'include',
  'max_output_tokens',
  'previous_response_id',
  'conversation',
  'prompt',
  'reasoning',
  'text',
  'truncation',
  'background',
  'client_metadata',
])

const CHAT = new Set<string>([
  ...SHARED,
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'stop',
  'seed',
  'logprobs',
  'logit_bias',
  'presence_penalty',
  'frequency_penalty',
  'response_format',
  'reasoning_effort',
  'verbosity',
  'functions',
  'function_call',
])

/** Items and parts whose tokens are in the request. */
const INLINE = new Set([
  'message',
  'text',
  'refusal',
  'function',
  'custom',
  'input_text',
  'output_text',
  'summary_text',
  'reasoning_text',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'local_shell_call',
  'local_shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'additional_tools',
])
/** Items and parts whose content is with the provider, or is no text. */
const STORED = new Set([
  'item_reference',
  'compaction',
  'input_image',
  'input_file',
  'input_audio',
  'image_url',
  'file',
])
/** Tools that run where the program runs. */
const OWN_TOOLS = new Set(['function', 'custom', 'local_shell', 'apply_patch'])

const ELSEWHERE = ['audio', 'file', 'file_id', 'file_url', 'image_url']

function part(value: JsonObject): PartKind {
  if (ELSEWHERE.some((name) => name in value)) return 'elsewhere'
  const type = value['type']
  if (typeof type !== 'string' || INLINE.has(type)) return 'inline'
  return STORED.has(type) ? 'elsewhere' : 'unknown'
}

const RULES = {
  part,
  // The call of a tool on this machine: a program's data, with `type` for its own ends.
  opaque: (value: JsonObject, name: string) =>
    (name === 'action' && value['type'] === 'local_shell_call') ||
    (name === 'tools' && value['type'] === 'additional_tools'),
  cache: [],
}

/** The tools that run elsewhere, also in a namespace: those are put behind the list that is walked. Errors: `INVALID_INPUT`. */
function unboundedTools(tools: unknown, pointer: string): string[] {
  const found: string[] = []
  const open = listOf(tools).map((tool, index) => ({ tool, at: `${pointer}/${index}` }))
  for (const { tool, at } of open) {
    const type = isObject(tool) ? tool['type'] : undefined
    // Not made a text of: an object may hold what keeps it from being one.
    if (type !== undefined && typeof type !== 'string')
      throw new SeamError('INVALID_INPUT', `${at}/type is no text.`, { place: { pointer: `${at}/type` } })
    if (isObject(tool) && type === 'namespace')
      listOf(tool['tools']).forEach((inner, index) => open.push({ tool: inner, at: `${at}/tools/${index}` }))
    else if (type === undefined || !OWN_TOOLS.has(type)) found.push(at)
  }
  return found
}

/** Tools that come with the input, as Codex sends them. */
const inputTools = (input: unknown): string[] =>
  listOf(input).flatMap((item, index) =>
    isObject(item) && item['type'] === 'additional_tools'
      ? unboundedTools(item['tools'], pointerTo('input', String(index), 'tools'))
      : [],
  )

const unknownContent = (content: Content, name: string): string[] => (content.unknown ? [pointerTo(name)] : [])

/** `auto` is what the project's settings say, which may be dearer; it is set to `default`. */
function tier(value: JsonObject): { readonly edits: readonly Edit[]; readonly unbounded: readonly string[] } {
  const asked = value['service_tier']
  if (asked === undefined || asked === null || asked === 'auto')
    return { edits: [{ path: ['service_tier'], value: 'default' }], unbounded: [] }
  return { edits: [], unbounded: asked === 'default' || asked === 'flex' ? [] : [pointerTo('service_tier')] }
}

interface OpenAiFindings {
  readonly content: Content
  readonly edits: readonly Edit[]
  readonly unbounded: readonly string[]
}

/** What a body of the Responses API sends and may cost. */
export function responsesFindings({ value }: JsonBody): OpenAiFindings {
  const content = walkContent([value['input']], RULES)
  const stored = ['previous_response_id', 'conversation', 'prompt'].some(
    (name) => value[name] !== undefined && value[name] !== null,
  )
  const { edits, unbounded } = tier(value)
  return {
    content: { ...content, elsewhere: content.elsewhere || stored },
    edits,
    unbounded: [
      ...otherMembers(value, RESPONSES),
      ...unboundedTools(value['tools'], pointerTo('tools')),
      ...inputTools(value['input']),
      ...unknownContent(content, 'input'),
      ...unbounded,
    ],
  }
}

/** What a body of the Chat Completions API sends and may cost. A stream is made to say its usage. */
export function chatFindings({ value }: JsonBody): OpenAiFindings {
  const { edits, unbounded } = tier(value)
  const options = value['stream_options']
  const silent = value['stream'] === true && !(isObject(options) && options['include_usage'] === true)
  const content = walkContent([value['messages']], RULES)
  return {
    content,
    edits: silent ? [...edits, { path: ['stream_options', 'include_usage'], value: true }] : edits,
    unbounded: [
      ...otherMembers(value, CHAT),
      ...unboundedTools(value['tools'], pointerTo('tools')),
      ...unknownContent(content, 'messages'),
      ...unbounded,
    ],
  }
}
