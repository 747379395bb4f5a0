import { isObject } from './json-body.ts'
import { NO_TOKENS, readCount } from './tokens.ts'
import type { Tokens } from './tokens.ts'

/** Counts as an API reports them, by a name of ours. */
export type Counts = Readonly<Record<string, number>>

/** Why a report is not believed or does not say the price. */
export type ReportFault = 'bad-usage' | 'unpriced'

/** How one API reports usage. Reports of one answer are cumulative and may be partial: they are merged, then derived. */
export interface UsageForm {
  read(usage: unknown): Counts | ReportFault
  derive(counts: Counts): Tokens | ReportFault
}

type Fields = readonly (readonly [name: string, ...path: string[]])[]

/** The counts at the paths; `undefined` where one is no count. What is absent is left out. */
function countsAt(usage: unknown, fields: Fields): Record<string, number> | undefined {
  const found: Record<string, number> = {}
  for (const [name, ...path] of fields) {
    let value = usage
    for (const key of path) {
      if (value === undefined || value === null) break
      if (!isObject(value)) return undefined
      value = value[key]
    }
    if (value === undefined || value === null) continue
    const count = readCount(value)
    if (count === undefined) return undefined
    found[name] = count
  }
  return found
}

/** The largest of each count: a report that goes down is not believed. */
export function mergeCounts(a: Counts, b: Counts): Counts {
  const merged: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) merged[name] = Math.max(merged[name] ?? 0, count)
  return merged
}

/** What was written to a cache, by its life. What the report does not divide has the longest life that was asked for. */
function written(counts: Counts, cacheWrite: 'none' | '5m' | '1h'): Pick<Tokens, 'cacheWrite5m' | 'cacheWrite1h'> {
  const { short = 0, long = 0, written: all = 0 } = counts
  const unsaid = Math.max(0, all - short - long)
  return cacheWrite === '1h'
    ? { cacheWrite5m: short, cacheWrite1h: long + unsaid }
    : { cacheWrite5m: short + unsaid, cacheWrite1h: long }
}

/** Of a report that counts what was read from or written to a cache beside the input. */
function besideCache(counts: Counts, cacheWrite: 'none' | '5m' | '1h'): Tokens {
  const { input = 0, output = 0, read = 0 } = counts
  return { ...NO_TOKENS, input, output, cacheRead: read, ...written(counts, cacheWrite) }
}

const ANTHROPIC: Fields = [
  ['input', 'input_tokens'],
  ['output', 'output_tokens'],
  ['read', 'cache_read_input_tokens'],
  ['written', 'cache_creation_input_tokens'],
  ['short', 'cache_creation', 'ephemeral_5m_input_tokens'],
  ['long', 'cache_creation', 'ephemeral_1h_input_tokens'],
  ['reasoning', 'output_tokens_details', 'thinking_tokens'],
  ['searches', 'server_tool_use', 'web_search_requests'],
  ['executions', 'server_tool_use', 'code_execution_requests'],
]

/** `usage` of the Messages API: https://platform.claude.com/docs/en/api/messages. */
export function anthropicUsage(cacheWrite: 'none' | '5m' | '1h'): UsageForm {
  return {
    read(usage) {
      const counts = isObject(usage) ? countsAt(usage, ANTHROPIC) : undefined
      if (counts === undefined || !isObject(usage)) return 'bad-usage'
      const { searches = 0, executions = 0 } = counts
      const dearer = usage['speed'] === 'fast' || usage['inference_geo'] === 'us'
      return dearer || searches + executions > 0 ? 'unpriced' : counts
    },
    derive(counts) {
      const { output = 0, reasoning = 0 } = counts
      return reasoning > output ? 'bad-usage' : { ...besideCache(counts, cacheWrite), reasoning }
    },
  }
}

function openAi(input: string, output: string): UsageForm {
  const fields: Fields = [
    ['input', input],
    ['output', output],
    ['cached', `${input}_details`, 'cached_tokens'],
    ['written', `${input}_details`, 'cache_write_tokens'],
    ['heard', `${input}_details`, 'audio_tokens'],
    ['reasoning', `${output}_details`, 'reasoning_tokens'],
    ['spoken', `${output}_details`, 'audio_tokens'],
  ]
  return {
    read(usage) {
      const counts = isObject(usage) ? countsAt(usage, fields) : undefined
      if (counts === undefined) return 'bad-usage'
      const { written: stored = 0, heard = 0, spoken = 0 } = counts
      return stored + heard + spoken > 0 ? 'unpriced' : counts
    },
    derive({ input: all = 0, output: out = 0, cached = 0, reasoning = 0 }) {
      if (cached > all || reasoning > out) return 'bad-usage'
      return { ...NO_TOKENS, input: all - cached, output: out, cacheRead: cached, reasoning }
    },
  }
}

/** `usage` of the Responses API: https://developers.openai.com/api/reference/resources/responses. */
export const responsesUsage: UsageForm = openAi('input_tokens', 'output_tokens')

/** `usage` of the Chat Completions API: https://developers.openai.com/api/reference/resources/chat. */
export const chatUsage: UsageForm = openAi('prompt_tokens', 'completion_tokens')

const CONVERSE: Fields = [
  ['input', 'inputTokens'],
  ['output', 'outputTokens'],
  ['read', 'cacheReadInputTokens'],
  ['written', 'cacheWriteInputTokens'],
]

/**
 * `TokenUsage` of Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html. What
 * was read from or written to a cache is counted beside `inputTokens`.
 */
export function converseUsage(cacheWrite: 'none' | '5m' | '1h'): UsageForm {
  return {
    read(usage) {
      const counts = isObject(usage) ? countsAt(usage, CONVERSE) : undefined
      const details = isObject(usage) ? (usage['cacheDetails'] ?? []) : undefined
      if (counts === undefined || !Array.isArray(details)) return 'bad-usage'
      let short = 0
      let long = 0
      for (const detail of details) {
        const count = isObject(detail) ? readCount(detail['inputTokens']) : undefined
        if (count === undefined || !isObject(detail)) return 'bad-usage'
        if (detail['ttl'] === '5m') short += count
        else long += count
      }
      return { ...counts, short, long }
    },
    derive: (counts) => besideCache(counts, cacheWrite),
  }
}

const GENERATE: Fields = [
  ['prompt', 'promptTokenCount'],
  ['candidates', 'candidatesTokenCount'],
  ['thoughts', 'thoughtsTokenCount'],
  ['cached', 'cachedContentTokenCount'],
  ['tools', 'toolUsePromptTokenCount'],
]

/**
 * `usageMetadata` of generateContent:
 * https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse. The prompt's count
 * includes what was cached; thoughts are counted beside the candidates and cost as output.
 */
export const generateUsage: UsageForm = {
  read(usage) {
    const counts = isObject(usage) ? countsAt(usage, GENERATE) : undefined
    if (counts === undefined || !isObject(usage)) return 'bad-usage'
    const traffic = usage['trafficType'] ?? ''
    if (typeof traffic !== 'string') return 'bad-usage'
    return traffic.includes('PRIORITY') ? 'unpriced' : counts
  },
  derive({ prompt = 0, candidates = 0, thoughts = 0, cached = 0, tools = 0 }) {
    if (cached > prompt) return 'bad-usage'
    return {
      ...NO_TOKENS,
      input: prompt - cached + tools,
      output: candidates + thoughts,
      cacheRead: cached,
      reasoning: thoughts,
    }
  },
}
