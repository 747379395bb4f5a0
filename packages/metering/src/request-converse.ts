import { otherMembers, pointerTo } from './build-call.ts'
import { isObject, listOf } from './json-body.ts'
import type { JsonBody } from './json-body.ts'
import type { Thinking } from './build-call.ts'
import { hasOtherParts, walkContent } from './parts.ts'
import type { Content } from './parts.ts'

// Field names: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
const MEMBERS = new Set([
  'messages',
  'system',
  'inferenceConfig',
  'toolConfig',
  'additionalModelRequestFields',
  'additionalModelResponseFieldPaths',
  'requestMetadata',
  'outputConfig',
  'performanceConfig',
  'serviceTier',
])
/** Fields for the model itself that do not change the price; what they have it think is bounded apart. */
const MODEL_FIELDS = new Set(['thinking', 'top_k', 'anthropic_beta', 'output_config', 'reasoning_config'])
const THINKING = ['thinking', 'reasoning_config'] as const
const ELSEWHERE = ['image', 'document', 'video', 'audio', 's3Location']
const BLOCKS = new Set([
  ...ELSEWHERE,
  'text',
  'toolUse',
  'toolResult',
  'reasoningContent',
  'guardContent',
  'cachePoint',
  'citationsContent',
  'searchResult',
])

export function converseContent({ value }: JsonBody): Content {
  const tools = isObject(value['toolConfig']) ? value['toolConfig']['tools'] : undefined
  return walkContent([value['messages'], value['system'], tools], {
    part: (part) => (ELSEWHERE.some((name) => name in part) ? 'elsewhere' : 'inline'),
    opaque: (_, name) => name === 'input' || name === 'inputSchema' || name === 'json',
    cache: ['cachePoint'],
  })
}

export function converseThinking({ value }: JsonBody): readonly Thinking[] {
  const name = 'additionalModelRequestFields'
  const fields = value[name]
  return THINKING.flatMap((field) => {
    const thinking = isObject(fields) ? fields[field] : undefined
    if (!isObject(thinking)) return []
    return [{ value: thinking['budget_tokens'], pointer: pointerTo(name, field, 'budget_tokens') }]
  })
}

export function converseUnbounded({ value }: JsonBody): readonly string[] {
  const found = otherMembers(value, MEMBERS)
  if (hasOtherParts(value['messages'], 'content', BLOCKS)) found.push(pointerTo('messages'))
  const tools = isObject(value['toolConfig']) ? listOf(value['toolConfig']['tools']) : []
  tools.forEach((tool, index) => {
    const names = isObject(tool) ? Object.keys(tool) : ['?']
    if (!names.every((name) => name === 'toolSpec' || name === 'cachePoint'))
      found.push(pointerTo('toolConfig', 'tools', String(index)))
  })
  const fields = value['additionalModelRequestFields']
  if (isObject(fields))
    for (const name of Object.keys(fields))
      if (!MODEL_FIELDS.has(name)) found.push(pointerTo('additionalModelRequestFields', name))
  const tier = value['serviceTier']
  if (tier !== undefined && !(isObject(tier) && (tier['type'] === 'default' || tier['type'] === 'flex')))
    found.push(pointerTo('serviceTier'))
  const performance = value['performanceConfig']
  if (performance !== undefined && !(isObject(performance) && performance['latency'] === 'standard'))
    found.push(pointerTo('performanceConfig'))
  return found
}
