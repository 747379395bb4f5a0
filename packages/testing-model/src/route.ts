import { CONVERSATION_NAME } from './limits.ts'
import { platformOf } from './platform.ts'
import type { Platform } from './platform.ts'
import type { ModelApiName } from './script.ts'

/** The header that says which conversation a request belongs to, where its path does not. */
export const CONVERSATION_HEADER = 'x-seamark-conversation'

export interface Route {
  /** `undefined` where the name is none. */
  readonly conversation: string | undefined
  /** Without the conversation and the query. */
  readonly path: string
  readonly api: ModelApiName
  /** What is asked for; `unknown` where no API has the path, `method` where it has it for another method. */
  readonly action: 'answer' | 'count' | 'models' | 'unknown' | 'method'
  /** Of one model. */
  readonly model?: string
  /** Where the API is that of a platform. */
  readonly platform?: Platform
}

const ACTIONS: Readonly<Record<string, readonly [ModelApiName, 'answer' | 'count']>> = {
  '/v1/messages': ['anthropic.messages', 'answer'],
  '/v1/messages/count_tokens': ['anthropic.messages', 'count'],
  '/v1/responses': ['openai.responses', 'answer'],
  '/backend-api/codex/responses': ['openai.responses', 'answer'],
  '/v1/responses/input_tokens': ['openai.responses', 'count'],
  '/v1/chat/completions': ['openai.chat', 'answer'],
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** Where a request leads. Header names are in lower case. */
export function routeOf(method: string, target: string, headers: Readonly<Record<string, string>>): Route {
  const [whole = ''] = target.split('?', 1)
  const [, named, rest = whole] = /^\/c\/([^/]*)(\/.*)?$/.exec(whole) ?? []
  const path = named === undefined ? whole : rest === whole ? '/' : rest
  const name = named ?? headers[CONVERSATION_HEADER] ?? 'default'
  const conversation = CONVERSATION_NAME.test(name) ? name : undefined
  const claude = headers['anthropic-version'] !== undefined || path.startsWith('/v1/messages')
  const api: ModelApiName = claude ? 'anthropic.messages' : 'openai.responses'
  const known = Object.hasOwn(ACTIONS, path) ? ACTIONS[path] : undefined
  if (known !== undefined) return { conversation, path, api: known[0], action: method === 'POST' ? known[1] : 'method' }
  const platform = decoded(() => platformOf(path))
  if (platform !== undefined) {
    const asked = platform.model === undefined ? 'count' : 'answer'
    return { conversation, path, api: 'anthropic.messages', action: method === 'POST' ? asked : 'method', platform }
  }
  const [, listed] = /^\/v1\/models(?:\/([^/]+))?$/.exec(path) ?? ['', null]
  if (listed === null) return { conversation, path, api, action: 'unknown' }
  const model = listed === undefined ? undefined : decoded(() => decodeURIComponent(listed))
  const action = method === 'GET' ? 'models' : 'method'
  return { conversation, path, api, action, ...(model !== undefined && { model }) }
}
