import { effortIn, isObject, listOf } from '../json.ts'
import type { RequestView, ToolResult } from '../request-view.ts'
import { tokensOf, tokensOfArguments, tokensOfJson } from '../tokens.ts'
import { OUTPUT_OF, OUTPUTS, typeOf } from './request.ts'
import type { Item, ResponsesBody } from './request.ts'
import { offeredTools, toolDefinitions } from './tools.ts'

const textOf = (part: unknown): string | undefined =>
  isObject(part) ? [part['text'], part['refusal']].find((text): text is string => typeof text === 'string') : undefined

/** The texts of a content or an output; a part without text counts as JSON. */
function contentTexts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content]
  return Array.isArray(content)
    ? content.map((part: unknown) => textOf(part) ?? JSON.stringify(part))
    : [JSON.stringify(content ?? null)]
}

function contentTokens(content: unknown): number {
  if (typeof content === 'string') return tokensOf(content)
  if (!Array.isArray(content)) return tokensOfJson(content ?? null)
  return content.reduce<number>((sum, part) => {
    const text = textOf(part)
    return sum + (text === undefined ? tokensOfJson(part) : tokensOf(text))
  }, 0)
}

const summaries = (item: Item): readonly string[] =>
  [...listOf(item['summary']), ...listOf(item['content'])].flatMap((part) => textOf(part) ?? [])

function itemTokens(item: Item): number {
  const type = typeOf(item)
  if (type === 'message') return contentTokens(item['content'])
  if (type === 'function_call') return tokensOfArguments(String(item['arguments']))
  if (type === 'custom_tool_call') return tokensOf(String(item['input']))
  if (OUTPUTS.has(type)) return contentTokens(item['output'])
  if (type === 'reasoning') return summaries(item).reduce((sum, text) => sum + tokensOf(text), 0)
  // Its tools are counted with the others.
  return type === 'additional_tools' ? 0 : tokensOfJson(item)
}

function itemTexts(item: Item): readonly string[] {
  const type = typeOf(item)
  if (type === 'message') return contentTexts(item['content'])
  if (type === 'function_call') return [String(item['arguments'])]
  if (type === 'custom_tool_call') return [String(item['input'])]
  return OUTPUTS.has(type) ? contentTexts(item['output']) : []
}

const isSystem = (item: Item): boolean =>
  typeOf(item) === 'message' && (item.role === 'system' || item.role === 'developer')

/** What the model said itself. */
const isAnswer = (item: Item): boolean =>
  typeOf(item) === 'reasoning' ||
  Object.hasOwn(OUTPUT_OF, typeOf(item)) ||
  (typeOf(item) === 'message' && item.role === 'assistant')

/** The tokens of a request, by the rule, with what its `previous_response_id` stands for. */
export function responsesTokens(body: ResponsesBody, before: readonly Item[]): number {
  return (
    tokensOf(body.instructions ?? '') +
    toolDefinitions(body).reduce((sum, tool) => sum + tokensOfJson(tool), 0) +
    [...before, ...body.input].reduce((sum, item) => sum + itemTokens(item), 0)
  )
}

/** What a body of the Responses API says. */
export function responsesView(body: ResponsesBody, before: readonly Item[]): RequestView {
  const items = [...before, ...body.input]
  const names = new Map(
    items
      .filter((item) => Object.hasOwn(OUTPUT_OF, typeOf(item)))
      .map((item) => [
        item['call_id'],
        typeof item['name'] === 'string' ? item['name'] : typeOf(item).replace('_call', ''),
      ]),
  )
  const said = items.filter((item) => !isSystem(item))
  const fresh = said.slice(said.findLastIndex(isAnswer) + 1)
  const results = fresh
    .filter((item) => OUTPUTS.has(typeOf(item)))
    .map((item): ToolResult => {
      const tool = names.get(item['call_id'])
      return { ...(tool !== undefined && { tool }), text: contentTexts(item['output']).join('\n'), failed: false }
    })
  const most = body.max_output_tokens
  return {
    api: 'openai.responses',
    model: body.model,
    stream: body.stream === true,
    ...effortIn(body['reasoning']),
    ...(typeof most === 'number' && { maxTokens: most }),
    system: [body.instructions ?? '', ...items.filter(isSystem).flatMap(itemTexts)].join('\n'),
    texts: said.flatMap(itemTexts),
    newTexts: fresh.flatMap(itemTexts),
    results,
    tools: offeredTools(body),
    inputTokens: responsesTokens(body, before),
  }
}
