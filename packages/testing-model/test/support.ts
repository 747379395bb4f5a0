import { onTestFinished } from 'vitest'
import { startModelServer } from '../src/index.ts'
import type { ModelScript, ModelServer, StartModelServerOptions, Turn } from '../src/index.ts'

/** A server for one test, which fails where the server saw something wrong. */
export async function serve(
  script: Omit<ModelScript, 'version'> | readonly Turn[],
  options: Omit<StartModelServerOptions, 'script'> = {},
): Promise<ModelServer> {
  const whole: ModelScript = 'length' in script ? { version: 1, turns: script } : { version: 1, ...script }
  const server = await startModelServer({ script: whole, ...options })
  onTestFinished(() => server.close())
  return server
}

export const TOOL = {
  name: 'read_file',
  description: 'Reads a file.',
  schema: { type: 'object' as const, properties: { path: { type: 'string' } }, required: ['path'] },
}

/** The least that each API is asked for. */
export const message = {
  model: 'claude-opus-5-5',
  max_tokens: 1_000,
  messages: [{ role: 'user', content: 'Hi' }],
}
export const input = { model: 'gpt-5-mini', input: 'Hi' }
export const chat = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }] }

export const HEADERS = {
  'content-type': 'application/json',
  'x-api-key': 'test',
  authorization: 'Bearer test',
  'anthropic-version': '2023-06-01',
}

/** Sends a body as it is. */
export async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<{ status: number; headers: Headers; text: string; json: unknown }> {
  const all = Object.entries({ ...HEADERS, ...headers }).filter((one): one is [string, string] => one[1] !== undefined)
  const response = await fetch(url, {
    method: 'POST',
    headers: all,
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type') === 'application/json'
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
}
