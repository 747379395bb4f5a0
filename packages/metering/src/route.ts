import type { Api, ModelRequest, Provider } from './call.ts'

/** Where a request leads. */
export type Route =
  | {
      readonly kind: 'call'
      readonly api: Api
      readonly provider: Provider
      readonly model?: string
      readonly location?: string
      /** Where the path decides it. */
      readonly stream?: boolean
    }
  | { readonly kind: 'free' | 'unknown' }

const FREE: Route = { kind: 'free' }
const UNKNOWN: Route = { kind: 'unknown' }

const HOSTS: readonly (readonly [RegExp, Provider])[] = [
  [/^api\.anthropic\.com$/, 'anthropic'],
  [/^api\.openai\.com$/, 'openai'],
  // Of a sign-in, in place of a key.
  [/^chatgpt\.com$/, 'openai'],
  [/^bedrock-runtime(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com$/, 'bedrock'],
  [/^(?:[a-z0-9-]+-)?aiplatform\.googleapis\.com$/, 'vertex'],
  [/^aiplatform\.[a-z0-9-]+\.rep\.googleapis\.com$/, 'vertex'],
]

/** Whose API a host speaks, by its name in lower case; `undefined` where no meter reads it. */
export function providerOf(host: string, hosts: Readonly<Record<string, Provider>> = {}): Provider | undefined {
  if (Object.hasOwn(hosts, host)) return hosts[host]
  return HOSTS.find(([pattern]) => pattern.test(host))?.[1]
}

/** The hosts whose calls a meter reads: names, and patterns of names. */
export function meteredHosts(hosts: Readonly<Record<string, Provider>> = {}): readonly (string | RegExp)[] {
  return [...Object.keys(hosts), ...HOSTS.map(([pattern]) => pattern)]
}

function anthropic(path: string): Route {
  if (path === '/v1/messages') return { kind: 'call', api: 'anthropic.messages', provider: 'anthropic' }
  return path === '/v1/messages/count_tokens' ? FREE : UNKNOWN
}

function openai(path: string): Route {
  if (path === '/v1/responses' || path === '/backend-api/codex/responses')
    return { kind: 'call', api: 'openai.responses', provider: 'openai' }
  if (path === '/v1/chat/completions') return { kind: 'call', api: 'openai.chat', provider: 'openai' }
  return path === '/v1/responses/input_tokens' || /^\/v1\/responses\/[\w-]+\/cancel$/.test(path) ? FREE : UNKNOWN
}

function bedrock(path: string): Route {
  const [, encoded = '', verb = ''] = /^\/model\/([^/]+)\/([a-z-]+)$/.exec(path) ?? []
  const model = decode(encoded)
  if (model === undefined) return UNKNOWN
  const provider = 'bedrock'
  if (verb === 'invoke') return { kind: 'call', api: 'bedrock.invoke', provider, model, stream: false }
  if (verb === 'invoke-with-response-stream')
    return { kind: 'call', api: 'bedrock.invoke', provider, model, stream: true }
  if (verb === 'converse') return { kind: 'call', api: 'bedrock.converse', provider, model, stream: false }
  if (verb === 'converse-stream') return { kind: 'call', api: 'bedrock.converse', provider, model, stream: true }
  return verb === 'count-tokens' ? FREE : UNKNOWN
}

function decode(encoded: string): string | undefined {
  try {
    const model = decodeURIComponent(encoded)
    return /^[\w.:/@-]+$/.test(model) ? model : undefined
  } catch {
    return undefined
  }
}

const VERTEX =
  /^\/v1(?:beta1)?\/projects\/[\w.:-]+\/locations\/([a-z0-9-]+)\/publishers\/(google|anthropic)\/models\/([\w.@-]+):([A-Za-z]+)$/

function vertex(path: string): Route {
  const [, location, publisher, model = '', verb] = VERTEX.exec(path) ?? []
  if (location === undefined) return UNKNOWN
  if (verb === 'countTokens' || (publisher === 'anthropic' && model === 'count-tokens')) return FREE
  const place = { provider: 'vertex', model, location } as const
  if (publisher === 'google' && (verb === 'generateContent' || verb === 'streamGenerateContent'))
    return { kind: 'call', api: 'vertex.generate', ...place, stream: verb === 'streamGenerateContent' }
  if (publisher === 'anthropic' && (verb === 'rawPredict' || verb === 'streamRawPredict'))
    return { kind: 'call', api: 'vertex.anthropic', ...place }
  return UNKNOWN
}

const PATHS: Readonly<Record<Provider, (path: string) => Route>> = { anthropic, openai, bedrock, vertex }

/** The route of a request. Paths are compared as they are: what is written in another way is not known. */
export function routeOf(request: ModelRequest, hosts?: Readonly<Record<string, Provider>>): Route {
  const provider = providerOf(request.host, hosts)
  if (provider === undefined || request.headers['upgrade'] !== undefined) return UNKNOWN
  if (request.method === 'GET' || request.method === 'HEAD') return FREE
  if (request.method !== 'POST') return UNKNOWN
  return PATHS[provider](request.path.split('?', 1)[0] ?? '')
}
