import { otherMembers, pointerTo } from './build-call.ts'
import { isObject, listOf } from './json-body.ts'
import type { JsonBody, JsonObject } from './json-body.ts'
import { hasOtherParts, walkContent } from './parts.ts'
import type { Content } from './parts.ts'

// Field names: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
const MEMBERS = new Set([
  'contents',
  'systemInstruction',
  'system_instruction',
  'tools',
  'toolConfig',
  'tool_config',
  'safetySettings',
  'safety_settings',
  'generationConfig',
  'generation_config',
  'labels',
  'cachedContent',
  'cached_content',
])
const ELSEWHERE = ['inlineData', 'inline_data', 'fileData', 'file_data']
const PARTS = new Set([
  ...ELSEWHERE,
  'text',
  'thought',
  'thoughtSignature',
  'thought_signature',
  'functionCall',
  'function_call',
  'functionResponse',
  'function_response',
])

/** JSON for a protocol buffer: a field has two names, and the reader at the other end takes either. */
export const protoName = (name: string): string => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase())

/** The value of a field under either of its names; that both are there was refused before. */
export function protoField(value: JsonObject, name: string): unknown {
  return Object.entries(value).find(([key]) => protoName(key) === name)?.[1]
}

export function generateContent({ value }: JsonBody): Content {
  const content = walkContent([value['contents'], protoField(value, 'systemInstruction')], {
    part: (part) => (ELSEWHERE.some((name) => name in part) ? 'elsewhere' : 'inline'),
    opaque: (_, name) => name === 'args',
    cache: [],
  })
  const cached = protoField(value, 'cachedContent')
  return { ...content, elsewhere: content.elsewhere || (cached !== undefined && cached !== null) }
}

export function generateUnbounded({ value }: JsonBody): readonly string[] {
  const found = otherMembers(value, MEMBERS)
  if (hasOtherParts(value['contents'], 'parts', PARTS)) found.push(pointerTo('contents'))
  listOf(value['tools']).forEach((tool, index) => {
    const names = isObject(tool) ? Object.keys(tool) : ['?']
    if (!names.every((name) => protoName(name) === 'functionDeclarations'))
      found.push(pointerTo('tools', String(index)))
  })
  const config = protoField(value, 'generationConfig')
  const kinds = isObject(config) ? listOf(protoField(config, 'responseModalities')) : []
  if (kinds.some((kind) => kind !== 'TEXT')) found.push(pointerTo('generationConfig', 'responseModalities'))
  return found
}
