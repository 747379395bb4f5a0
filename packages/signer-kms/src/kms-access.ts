import type { Clock } from '@seamark/kit'
import { isSeamError, retry, SeamError, throwIfAborted } from '@seamark/kit'
import { wantsNewCredentials } from '@seamark/kit/aws'
import { kmsError } from './kms-errors.ts'
import { kmsPort } from './kms-port.ts'
import type { KmsCredentials, KmsPort } from './kms-port.ts'

/** How KMS is reached. */
export interface KmsAccess {
  /** Id, ARN, `alias/NAME` or ARN of an alias. Only with an ARN can nobody exchange the key by moving an alias. */
  readonly keyId: string
  /** Default that of the ARN; otherwise as the AWS client finds it. */
  readonly region?: string
  /** Another endpoint than that of the region, such as one of a VPC. */
  readonly endpoint?: string
  /** Default as the AWS client finds them, renewed by it: role of the instance, task or pod, environment, profile. */
  readonly credentials?: KmsCredentials | (() => Promise<KmsCredentials>)
  /** For each of the tries of a call. Default 5,000. */
  readonly timeoutMs?: number
  /** Tries of a call whose failure may pass. Default 4. */
  readonly attempts?: number
  /** Default the machine's. */
  readonly clock?: Clock
}

export interface Kms {
  /** What was asked, for errors of the caller's own. */
  readonly where: string
  /** Makes a call, and again with growing, random pauses while its failure may pass. Errors: those of `kmsError`, `ABORTED`. */
  call<T>(
    act: { readonly action: string; readonly key?: string; readonly arn?: string | undefined },
    make: (port: KmsPort, signal: AbortSignal | undefined) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T>
}

const KEY_ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(?:key|alias)\/[A-Za-z0-9/_-]+$/
const KEY_NAME = /^(?:alias\/[A-Za-z0-9/_-]{1,250}|[A-Za-z0-9-]{1,128})$/

/** Refuses what can not be the name of a key. Gives the region of an ARN. Errors: `INVALID_INPUT`. */
export function regionOfKey(keyId: string): string | undefined {
  const region = KEY_ARN.exec(keyId)?.[1]
  if (region === undefined && !KEY_NAME.test(keyId))
    throw new SeamError(
      'INVALID_INPUT',
      `${JSON.stringify(keyId.slice(0, 200))} is not the id, ARN or alias of a KMS key.`,
      {
        remedy: 'Give arn:aws:kms:REGION:ACCOUNT:key/ID.',
      },
    )
  return region
}

/** Errors: `INVALID_INPUT` for a key, region or endpoint that can not be. Does no I/O. */
export function kmsAccess(options: KmsAccess): Kms {
  const { keyId, endpoint, credentials, timeoutMs = 5_000, attempts = 4, clock } = options
  const ofKey = regionOfKey(keyId)
  if (ofKey !== undefined && options.region !== undefined && ofKey !== options.region)
    throw new SeamError(
      'INVALID_INPUT',
      `The key ${keyId} is in ${ofKey}, and the region given is ${options.region}.`,
      {
        remedy: 'Leave the region out, or give that of the key.',
      },
    )
  const region = options.region ?? ofKey
  const where = endpoint === undefined ? (region ?? 'the default region') : shownEndpoint(endpoint)
  let port: KmsPort | undefined
  const open = (): KmsPort => {
    port ??= kmsPort({
      timeoutMs,
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials !== undefined && { credentials }),
    })
    return port
  }

  return {
    where,
    async call<T>(
      act: { readonly action: string; readonly key?: string; readonly arn?: string | undefined },
      make: (port: KmsPort, signal: AbortSignal | undefined) => Promise<T>,
      signal: AbortSignal | undefined,
    ): Promise<T> {
      const { arn } = act
      let renewed = typeof credentials === 'object'
      const once = async (): Promise<{ readonly value: T } | { readonly error: SeamError }> => {
        const present = open()
        try {
          return { value: await make(present, signal) }
        } catch (error) {
          throwIfAborted(signal)
          if (isSeamError(error)) throw error
          if (!renewed && wantsNewCredentials(error)) {
            renewed = true
            // A new client asks for them again; another call may have made it already.
            if (port === present) port = undefined
            return once()
          }
          const told = kmsError(error, {
            action: act.action,
            key: act.key ?? keyId,
            where,
            ...(arn !== undefined && { arn }),
          })
          // A disabled key stays so for longer than a call may take: who asks decides when to ask again.
          if (!told.passing) return { error: told.error }
          throw told.error
        }
      }
      const outcome = await retry(once, {
        attempts,
        minDelayMs: 100,
        maxDelayMs: 2_000,
        ...(signal !== undefined && { signal }),
        ...(clock !== undefined && { clock }),
      })
      if ('error' in outcome) throw outcome.error
      return outcome.value
    },
  }
}

/** An endpoint without what could be a secret in it. */
function shownEndpoint(endpoint: string): string {
  try {
    const { protocol, host } = new URL(endpoint)
    if (protocol === 'https:' || protocol === 'http:') return `${protocol}//${host}`
  } catch (error) {
    if (isSeamError(error)) throw error
  }
  throw new SeamError('INVALID_INPUT', 'The endpoint of KMS is not an address that begins with https:// or http://.')
}
