import { readRequest } from '../src/index.ts'
import type { ModelCall, ModelRequest, RequestOptions, RequestReading } from '../src/index.ts'

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
