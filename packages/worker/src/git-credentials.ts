import type { CallOptions } from '@seamark/core'
import { SeamError, secretText } from '@seamark/kit'
import { isBelow, normalAddress } from './submodule-address.ts'

/** A user and password of repositories on an https server. */
export interface GitCredential {
  /** An https URL. It is given for what is there and below, and to nothing else. */
  readonly at: string
  readonly user: string
  /** Asked for each use. Errors: those of a secret store. */
  password(options?: CallOptions): Promise<Uint8Array>
}

/** Environment of git in which it finds the credential of an address, where there is one: no argument and no file ever has it. */
export async function credentialVariables(
  credentials: readonly GitCredential[],
  address: string,
  options?: CallOptions,
): Promise<Readonly<Record<string, string>>> {
  const found = await credentialOf(credentials, address, options)
  if (found === undefined) return {}
  return {
    SEAMARK_GIT_USER: found.user,
    SEAMARK_GIT_PASSWORD: found.password,
    GIT_CONFIG_COUNT: '1',
    // Git asks again where it is led elsewhere, and then this is not for it.
    GIT_CONFIG_KEY_0: `credential.${found.at}.helper`,
    GIT_CONFIG_VALUE_0: `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$SEAMARK_GIT_USER" "$SEAMARK_GIT_PASSWORD"; }; f`,
  }
}

/** The header with the credential of an address (RFC 7617), where there is one. */
export async function credentialHeader(
  credentials: readonly GitCredential[],
  address: string,
  options?: CallOptions,
): Promise<Readonly<Record<string, string>>> {
  const found = await credentialOf(credentials, address, options)
  if (found === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${found.user}:${found.password}`).toString('base64')}` }
}

async function credentialOf(credentials: readonly GitCredential[], address: string, options?: CallOptions) {
  const to = normalAddress(address)
  if (to?.startsWith('https:') !== true) return undefined
  const fitting = credentials
    .map((each) => ({ each, at: normalAddress(each.at) ?? '' }))
    .filter(({ at }) => at.startsWith('https:') && isBelow(to, [at]))
    .toSorted((a, b) => b.at.length - a.at.length)
  const [best] = fitting
  if (best === undefined) return undefined
  const password = secretText(await best.each.password(options))
  // Git's protocol for it is of lines.
  if (password === undefined || /\p{Cc}/u.test(password))
    throw new SeamError('INVALID_INPUT', `The password for ${best.at} is no text of one line.`, {
      remedy: 'Set the secret again, without the end of its line.',
    })
  return { at: best.at, user: best.each.user, password }
}
