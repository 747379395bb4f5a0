import { SeamError } from '@seamark/kit'
import { toHex } from './hash.ts'

/** `<host or seamark.invalid>/<128-bit log id in hex>`. */
export const ORIGIN: RegExp = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?\/[0-9a-f]{32}$/

/**
 * The origin of a new log: never reused, also when the log starts again after a restore.
 * `random` is 16 fresh random bytes; `host` is `seamark.invalid` where there is none.
 *
 * Errors: `INVALID_INPUT`.
 */
export function newOrigin(host: string, random: Uint8Array): string {
  const origin = `${host}/${toHex(random)}`
  if (random.length !== 16 || !ORIGIN.test(origin))
    throw new SeamError('INVALID_INPUT', 'An origin is a lower-case host name and 16 random bytes.', {
      remedy: 'Use the host name that readers know the log by, without scheme or path.',
    })
  return origin
}
