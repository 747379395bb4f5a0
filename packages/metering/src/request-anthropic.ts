import { otherMembers, pointerTo } from './build-call.ts'
import { isObject, listOf } from './json-body.ts'
import type { JsonBody, JsonObject } from './json-body.ts'
import type { Thinking } from './build-call.ts'
import { longerCache, walkContent } from './parts.ts'
import type { Content, PartKind, PartRules } from './parts.ts'

// Field names: https://platform.claude.com/docs/en/api/messages
const MEMBERS = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'metadata',
  'stop_sequences',
  'stream',
  'temperature',
  'top_k',
  'top_p',
  'thinking',
  'tool_choice',
  'tools',
  'output_config',
  'output_format',
  'cache_control',
  'service_tier',
  'context_management',
  'anthropic_version',
  'anthropic_beta',
])

/** Parts of a message whose tokens are in the request. */
const INLINE = new Set([
  'text',
  'tool_use',
  'tool_result',
  'tool_reference',
  'thinking',
  'redacted_thinking',
  'search_result',
  'content_block_source',
  'server_tool_use',
  'web_search_tool_result',
  'web_search_result',
  'citations_delta',
  'char_location',
  'content_block_location',
  'page_location',
  'search_result_location',
  'web_search_result_location',
  'direct',
])
/** Sources and parts that name what is elsewhere. */
const ELSEWHERE = new Set(['url', 'file', 'container_upload'])
/** Sources of a document whose text is in the request. */
const TEXT_SOURCES = new Set(['text', 'content'])
/** Tools that run where the program runs. */
const OWN_TOOL = /^(?:custom|bash_\d+|text_editor_\d+|computer_\d+|memory_\d+)$/

function part(value: JsonObject): PartKind {
  const type = value['type']
  if (typeof type !== 'string' || INLINE.has(type)) return 'inline'
  const source = isObject(value['source']) ? value['source']['type'] : undefined
  if (type === 'image') return source === 'base64' ? 'picture' : 'elsewhere'
  if (type === 'document') return typeof source === 'string' && TEXT_SOURCES.has(source) ? 'inline' : 'elsewhere'
  // The sources themselves: their part has said what they are.
  if (type === 'base64' || TEXT_SOURCES.has(type)) return 'inline'
  return ELSEWHERE.has(type) ? 'elsewhere' : 'unknown'
}

const RULES: PartRules = {
  part,
  opaque: (value, name) => name === 'input' && (value['type'] === 'tool_use' || value['type'] === 'server_tool_use'),
  cache: ['cache_control'],
}

const TOOL_RULES: PartRules = { part: () => 'inline', opaque: (_, name) => name === 'input_schema', cache: RULES.cache }

/** What a body of the Messages API sends: directly, on Bedrock or on Vertex AI. */
export function anthropicContent(body: JsonBody): Content {
  const { value } = body
  const content = walkContent([value['messages'], value['system']], RULES)
  const around = walkContent([value['tools'], { cache_control: value['cache_control'] }], TOOL_RULES)
  return { ...content, cacheWrite: longerCache(content.cacheWrite, around.cacheWrite) }
}

/** With the beta of interleaved thinking it may be more than `max_tokens`. */
export function anthropicThinking({ value: { thinking } }: JsonBody): readonly Thinking[] {
  const path = ['thinking', 'budget_tokens'] as const
  return isObject(thinking) ? [{ value: thinking[path[1]], pointer: pointerTo(...path), path }] : []
}

/** What of it can cost more than its tokens say. */
export function anthropicUnbounded({ value }: JsonBody): readonly string[] {
  const found = otherMembers(value, MEMBERS)
  listOf(value['tools']).forEach((tool, index) => {
    const type = isObject(tool) ? tool['type'] : null
    if (type !== undefined && !(typeof type === 'string' && OWN_TOOL.test(type)))
      found.push(pointerTo('tools', String(index)))
  })
  const managed = value['context_management']
  const edits = isObject(managed) ? listOf(managed['edits']) : []
  edits.forEach((edit, index) => {
    const type = isObject(edit) ? edit['type'] : undefined
    // Clearing makes the input smaller; anything else may call the model once more.
    if (typeof type !== 'string' || !type.startsWith('clear_'))
      found.push(pointerTo('context_management', 'edits', String(index)))
  })
  return found
}
