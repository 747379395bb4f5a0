import { readRequest } from '../src/index.ts'
import type { ModelCall, ModelRequest, RequestOptions, RequestReading } from '../src/index.ts'

/** Where each API is asked. */
export const ANTHROPIC = ['api.anthropic.com', '/v1/messages'] as const
export const RESPONSES = ['api.openai.com', '/v1/responses'] as const
export const CHAT = ['api.openai.com', '/v1/chat/completions'] as const
export const BEDROCK = 'bedrock-runtime.us-east-1.amazonaws.com'
export const CONVERSE = [BEDROCK, '/model/global.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse'] as const
export const VERTEX = 'aiplatform.googleapis.com'
export const GENERATE = [
  VERTEX,
  '/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:generateContent',
] as const

/** The least that each API is asked for. */
export const message = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] }
export const input = { model: 'gpt-5-mini', input: 'Hi' }
export const chat = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }] }
export const converse = { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }
export const generate = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }

export const OPTIONS: RequestOptions = { maxOutputTokens: 4096 }

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export function requestOf(host: string, path: string, body: unknown, more: Partial<ModelRequest> = {}): ModelRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method: 'POST', host, path, headers: {}, body: bytes(text), ...more }
}

export function read(host: string, path: string, body: unknown, more: Partial<ModelRequest> = {}): RequestReading {
  return readRequest(requestOf(host, path, body, more), OPTIONS)
}

/** The call that a request is; fails where it is none. */
export function callOf(host: string, path: string, body: unknown, more: Partial<ModelRequest> = {}): ModelCall {
  const reading = read(host, path, body, more)
  if (reading.kind !== 'call') throw new Error(`${host}${path} is ${reading.kind}`)
  return reading.call
}

export const sent = (call: ModelCall): unknown => JSON.parse(new TextDecoder().decode(call.body))
