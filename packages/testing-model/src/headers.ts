import type { Fault } from './fault.ts'
import type { Platform } from './platform.ts'
import type { ModelApiName } from './script.ts'

type Headers = Readonly<Record<string, string>>

/** The versions of https://platform.claude.com/docs/en/api/versioning. */
const VERSIONS: ReadonlySet<string> = new Set(['2023-01-01', '2023-06-01', '2026-10-21'])

type Where = Pick<Platform, 'name'> | undefined

function keyOf(api: ModelApiName, headers: Headers, platform: Where): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '') ?? []
  if (platform?.name === 'bedrock') {
    // The id of a pair of keys: its signature is not compared.
    const [, id] = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(headers['authorization'] ?? '') ?? []
    return id ?? bearer
  }
  if (platform !== undefined) return bearer
  // Anthropic takes a token of an account as bearer.
  return api === 'anthropic.messages' ? headers['x-api-key'] || bearer : bearer
}

function credentialFault(
  api: ModelApiName,
  headers: Headers,
  keys: readonly string[] | undefined,
  platform: Where,
): Fault | undefined {
  const key = keyOf(api, headers, platform)
  const fault = { check: 'credentials', status: 401 } as const
  const claude = api === 'anthropic.messages'
  if (platform !== undefined && (key === undefined || keys?.includes(key) === false))
    return { ...fault, message: 'The request had invalid authentication credentials.' }
  if (key === undefined)
    return claude
      ? { ...fault, message: 'x-api-key header is required' }
      : { ...fault, message: 'Missing bearer or basic authentication in header' }
  if (keys === undefined || keys.includes(key)) return undefined
  // The key is not repeated, not even in part.
  return claude
    ? { ...fault, message: 'invalid x-api-key' }
    : { ...fault, message: 'Incorrect API key provided.', code: 'invalid_api_key' }
}

/** What an API would refuse in the headers of a request. */
export function headerFaults(
  api: ModelApiName,
  headers: Headers,
  {
    keys,
    body,
    platform,
  }: { readonly keys: readonly string[] | undefined; readonly body: boolean; readonly platform: Where },
): readonly Fault[] {
  const found: Fault[] = []
  const credentials = credentialFault(api, headers, keys, platform)
  if (credentials !== undefined) found.push(credentials)
  const version = headers['anthropic-version']
  // On a platform the body says it.
  if (api === 'anthropic.messages' && platform === undefined) {
    if (version === undefined)
      found.push({ check: 'version', status: 400, message: 'anthropic-version: header is required' })
    else if (!VERSIONS.has(version))
      found.push({ check: 'version', status: 400, message: 'anthropic-version: this is not a valid version' })
  }
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (body && type !== 'application/json')
    found.push({ check: 'content-type', status: 400, message: 'The content type has to be application/json.' })
  const coding = headers['content-encoding'] ?? 'identity'
  if (body && coding !== 'identity')
    found.push({ check: 'content-type', status: 400, message: 'This server reads bodies without a content encoding.' })
  return found
}
