import { SeamError } from '@seamark/kit'
import type { CredentialWay } from '@seamark/core'

// Shorter ones could not be scrubbed from an answer without wrecking it.
const shortest = 8
const visible = /^[\x21-\x7e]+$/
const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** Errors: `INVALID_INPUT` for a way that no request can be sent with. */
export function checkWays(ways: Readonly<Record<string, CredentialWay>>): void {
  for (const [name, way] of Object.entries(ways)) {
    const fits =
      way.way === 'bearer' ||
      (way.way === 'header' &&
        token.test(way.header) &&
        !/^(?:host|content-length|transfer-encoding|connection)$/i.test(way.header)) ||
      (way.way === 'basic' && /^[\x20-\x39\x3b-\x7e]*$/.test(way.user))
    if (!fits)
      throw new SeamError('INVALID_INPUT', `No request can carry the secret ${name} so.`, {
        place: { pointer: `/credentials/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` },
      })
  }
}

/**
 * The header that carries a secret. Errors: `UNAVAILABLE` where the value is none that a header holds or that could be
 * scrubbed from an answer. The value is not repeated.
 */
export function credentialHeader(name: string, way: CredentialWay, value: Buffer): readonly [string, string] {
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
