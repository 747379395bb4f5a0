import { SeamError } from '@seamark/kit'
import type { CredentialWay, StaticWay } from '@seamark/core'

// Shorter ones could not be scrubbed from an answer without wrecking it.
const shortest = 8
const visible = /^[\x21-\x7e]+$/
const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** How a credential is added, as far as the process that serves attempts has to know. */
export type Carrier =
  | (StaticWay & {
      /** Whether there is another one where the host refuses it. */
      readonly renewed?: true
    })
  | { readonly way: 'sigv4'; readonly unsigned?: true }

/** How it is added, without what it is made of. */
export function carrierOf(way: CredentialWay): Carrier {
  if (way.way === 'oauth2') return { way: 'bearer', renewed: true }
  if (way.way === 'github-app')
    return way.added === 'basic'
      ? { way: 'basic', user: 'x-access-token', renewed: true }
      : { way: 'bearer', renewed: true }
  if (way.way === 'sigv4') return { way: 'sigv4', ...(way.payload === 'unsigned' && { unsigned: true }) }
  return way
}

export function carriersOf(ways: Readonly<Record<string, CredentialWay>>): Readonly<Record<string, Carrier>> {
  return Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, carrierOf(way)]))
}

const isHttps = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === ''
}

const isWord = (text: string): boolean => /^[\x21-\x7e]{1,200}$/.test(text)
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/
const repository = /^[A-Za-z0-9._-]{1,100}$/

function fits(way: CredentialWay): boolean {
  switch (way.way) {
    case 'bearer':
      return true
    case 'header':
      return token.test(way.header) && !/^(?:host|content-length|transfer-encoding|connection)$/i.test(way.header)
    case 'basic':
      return /^[\x20-\x39\x3b-\x7e]*$/.test(way.user)
    case 'oauth2':
      return (
        isHttps(way.tokenEndpoint) &&
        isWord(way.clientId) &&
        (way.clientAuth === undefined || way.clientSecret !== undefined) &&
        (way.scope === undefined || scopeToken.test(way.scope))
      )
    case 'github-app':
      return (
        (way.apiUrl === undefined || isHttps(way.apiUrl)) &&
        isWord(way.appId) &&
        Number.isSafeInteger(way.installationId) &&
        way.installationId > 0 &&
        // None would be taken for all.
        way.repositories?.length !== 0 &&
        way.repositories?.every((name) => repository.test(name)) !== false &&
        Object.keys(way.permissions).length > 0 &&
        Object.keys(way.permissions).every((name) => /^[a-z_]{1,100}$/.test(name))
      )
    case 'sigv4':
      return /^[a-z0-9-]{1,64}$/.test(way.region) && /^[a-z0-9-]{1,64}$/.test(way.service)
  }
}

/** Errors: `INVALID_INPUT` for a way that no request can be sent with. */
export function checkWays(ways: Readonly<Record<string, CredentialWay>>): void {
  for (const [name, way] of Object.entries(ways))
    if (!fits(way))
      throw new SeamError('INVALID_INPUT', `No request can carry the secret ${name} so.`, {
        place: { pointer: `/credentials/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` },
      })
}

/**
 * The header that carries a secret. Errors: `UNAVAILABLE` where the value is none that a header holds or that could be
 * scrubbed from an answer. The value is not repeated.
 */
export function credentialHeader(name: string, way: StaticWay, value: Buffer): readonly [string, string] {
  const text = value.toString('latin1')
  if (value.length < shortest || !visible.test(text))
    throw new SeamError('UNAVAILABLE', `The secret ${name} is not ${shortest} or more visible ASCII characters.`, {
      remedy: 'Store the value without spaces and line ends.',
    })
  if (way.way === 'bearer') return ['authorization', `Bearer ${text}`]
  if (way.way === 'header') return [way.header, text]
  return ['authorization', `Basic ${Buffer.from(`${way.user}:${text}`, 'latin1').toString('base64')}`]
}

const parameter =
  /^(?:key|.*api[-_]?key|.*token|auth|authorization|.*password|passwd|.*secret|.*signature|sig|client_secret|awsaccesskeyid|googleaccessid|x-(?:amz|goog|ms)-.*)$/

function isCredential(part: string): boolean {
  const [name = ''] = part.split('=')
  const plain = name
    .replaceAll('+', ' ')
    .replace(/%[0-9A-Fa-f]{2}/g, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)))
  return parameter.test(plain.trim().toLowerCase())
}

/** A query without the parameters that hold a credential. Servers split it at `&`, some at `;` too. */
export function withoutCredentials(query: string): string {
  if (query === '') return query
  const kept = query
    .slice(1)
    .split('&')
    .filter((part) => !part.split(';').some(isCredential))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}
