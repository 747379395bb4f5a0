import { describe, expect, test } from 'vitest'
import {
  ANTHROPIC,
  CHAT,
  CONVERSE,
  GENERATE,
  RESPONSES,
  callOf,
  chat,
  converse,
  generate,
  input,
  message,
  sent,
} from './support.ts'

const OWN = { type: 'namespace', name: 'functions', tools: [{ type: 'function' }, { type: 'custom' }] }
const NESTED = { type: 'namespace', name: 'more', tools: [{ type: 'function' }, { type: 'web_search' }] }

describe('what can cost more than its tokens', () => {
  test.each([
    [...ANTHROPIC, { ...message, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, '/tools/0'],
    [...ANTHROPIC, { ...message, speed: 'fast' }, '/speed'],
    [...ANTHROPIC, { ...message, inference_geo: 'us' }, '/inference_geo'],
    [...ANTHROPIC, { ...message, mcp_servers: [] }, '/mcp_servers'],
    [
      ...ANTHROPIC,
      { ...message, context_management: { edits: [{ type: 'compact_20260112' }] } },
      '/context_management/edits/0',
    ],
    [...ANTHROPIC, { ...message, 'a/new~field': 1 }, '/a~1new~0field'],
    [...RESPONSES, { ...input, tools: [{ type: 'function' }, { type: 'code_interpreter' }] }, '/tools/1'],
    [...RESPONSES, { ...input, service_tier: 'priority' }, '/service_tier'],
    [...ANTHROPIC, { ...message, messages: [{ role: 'user', content: [{ type: 'a_new_kind' }] }] }, '/messages'],
    [...RESPONSES, { ...input, input: [{ type: 'a_new_kind' }] }, '/input'],
    [
      ...RESPONSES,
      { ...input, input: [{ type: 'additional_tools', tools: [OWN, NESTED] }] },
      '/input/0/tools/1/tools/1',
    ],
    [...CHAT, { ...chat, messages: [{ role: 'user', content: [{ type: 'a_new_kind' }] }] }, '/messages'],
    [...CHAT, { ...chat, web_search_options: {} }, '/web_search_options'],
    [...CHAT, { ...chat, prediction: {} }, '/prediction'],
    [...CONVERSE, { ...converse, guardrailConfig: {} }, '/guardrailConfig'],
    [
      ...CONVERSE,
      { ...converse, additionalModelRequestFields: { max_tokens: 99999 } },
      '/additionalModelRequestFields/max_tokens',
    ],
    [...CONVERSE, { messages: [{ role: 'user', content: [{ aNewKind: {} }] }] }, '/messages'],
    [...GENERATE, { contents: [{ parts: [{ text: 'Hi' }, { aNewKind: {} }] }] }, '/contents'],
    [...CONVERSE, { ...converse, serviceTier: { type: 'priority' } }, '/serviceTier'],
    [...CONVERSE, { ...converse, performanceConfig: { latency: 'optimized' } }, '/performanceConfig'],
    [...GENERATE, { ...generate, tools: [{ googleSearch: {} }] }, '/tools/0'],
    [
      ...GENERATE,
      { ...generate, generationConfig: { responseModalities: ['IMAGE'] } },
      '/generationConfig/responseModalities',
    ],
  ])('is named: %#', (host, path, body, pointer) => {
    expect(callOf(host, path, body).unbounded).toEqual([pointer])
  })

  test('is named where a header asks for it', () => {
    const headers = { 'x-amzn-bedrock-service-tier': 'priority' }
    expect(callOf(...CONVERSE, converse, { headers }).unbounded).toEqual(['header x-amzn-bedrock-service-tier'])
  })

  test('is not what programs send every day', () => {
    const tools = [
      { name: 'Bash', input_schema: { type: 'object' } },
      { type: 'bash_20250124', name: 'bash' },
    ]
    const claude = {
      ...message,
      tools,
      thinking: { type: 'adaptive' },
      metadata: { user_id: 'x' },
      context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
    }
    expect(callOf(...ANTHROPIC, claude).unbounded).toEqual([])
    const codex = {
      ...input,
      instructions: 'x',
      tools: [{ type: 'function', name: 'shell' }],
      include: [],
      store: false,
      reasoning: {},
      prompt_cache_key: 'k',
    }
    expect(callOf(...RESPONSES, codex).unbounded).toEqual([])
    const { unbounded, inputTokens } = callOf(...RESPONSES, {
      ...input,
      input: [{ type: 'additional_tools', tools: [OWN] }],
    })
    expect({ unbounded, bounded: inputTokens !== undefined }).toEqual({ unbounded: [], bounded: true })
  })

  test('a tier that the settings of the project choose is set to the usual one', () => {
    for (const body of [input, { ...input, service_tier: 'auto' }]) {
      const call = callOf(...RESPONSES, body)
      expect(sent(call)).toMatchObject({ service_tier: 'default' })
      expect(call.changes.map(({ pointer }) => pointer)).toContain('/service_tier')
    }
  })
})
