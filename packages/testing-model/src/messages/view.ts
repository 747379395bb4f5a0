import { effortIn, isObject, listOf } from '../json.ts'
import type { RequestView, ToolResult } from '../request-view.ts'
import { tokensOf, tokensOfJson } from '../tokens.ts'
import type { Block, Message, MessagesBody } from './request.ts'

/** The texts of a content that is a text or blocks; a block without text counts as JSON. */
function contentTexts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content]
  return listOf(content).flatMap((part) =>
    isObject(part) && typeof part['text'] === 'string' ? [part['text']] : [JSON.stringify(part)],
  )
}

function contentTokens(content: unknown): number {
  if (typeof content === 'string') return tokensOf(content)
  return listOf(content).reduce<number>(
    (sum, part) =>
      sum + (isObject(part) && typeof part['text'] === 'string' ? tokensOf(part['text']) : tokensOfJson(part)),
    0,
  )
}

function blockTokens(block: Block): number {
  switch (block.type) {
    case 'text':
      return tokensOf(String(block['text']))
    case 'thinking':
      return tokensOf(String(block['thinking']))
    case 'redacted_thinking':
      return tokensOf(String(block['data']))
    case 'tool_use':
      return tokensOfJson(block['input'])
    case 'tool_result':
      return contentTokens(block['content'])
    default:
      return tokensOfJson(block)
  }
}

function blockTexts(block: Block): readonly string[] {
  if (block.type === 'text') return [String(block['text'])]
  if (block.type === 'tool_use') return [JSON.stringify(block['input'])]
  return block.type === 'tool_result' ? contentTexts(block['content']) : []
}

const blocksOf = (messages: readonly Message[]): readonly Block[] => messages.flatMap(({ content }) => content)

/** The tokens of a request, by the rule. */
export function messagesTokens({ system, messages, tools }: MessagesBody): number {
  return (
    (system ?? []).reduce((sum, { text }) => sum + tokensOf(text), 0) +
    (tools ?? []).reduce((sum, tool) => sum + tokensOfJson(tool), 0) +
    blocksOf(messages).reduce((sum, block) => sum + blockTokens(block), 0)
  )
}

/** What a body of the Messages API says. */
export function messagesView(body: MessagesBody): RequestView {
  const messages = body.messages.filter(({ role }) => role !== 'system')
  const said = body.messages.filter(({ role }) => role === 'system')
  const answered = messages.findLastIndex(({ role }) => role === 'assistant')
  const names = new Map(
    blocksOf(messages)
      .filter(({ type }) => type === 'tool_use')
      .map((block) => [block['id'], String(block['name'])]),
  )
  const fresh = blocksOf(messages.slice(answered + 1))
  const results = fresh
    .filter(({ type }) => type === 'tool_result')
    .map((block): ToolResult => {
      const tool = names.get(block['tool_use_id'])
      return {
        ...(tool !== undefined && { tool }),
        text: contentTexts(block['content']).join('\n'),
        failed: block['is_error'] === true,
      }
    })
  return {
    api: 'anthropic.messages',
    model: body.model,
    stream: body.stream === true,
    ...effortIn(body.output_config),
    maxTokens: body.max_tokens,
    system: [...(body.system ?? []).map(({ text }) => text), ...blocksOf(said).flatMap(blockTexts)].join('\n'),
    texts: blocksOf(messages).flatMap(blockTexts),
    newTexts: fresh.flatMap(blockTexts),
    results,
    tools: (body.tools ?? []).map(({ name }) => ({ name, custom: false })),
    inputTokens: messagesTokens(body),
  }
}
