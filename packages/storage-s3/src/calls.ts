import { awsCause, awsFailure, fromAwsError, saysNothing, wantsNewCredentials, wrongBucket } from '@seamark/kit/aws'
import type { AwsFailure } from '@seamark/kit/aws'
import { isSeamError, retry, SeamError, throwIfAborted } from '@seamark/kit'
import type { S3StorageOptions } from './options.ts'
import type { S3Port } from './port.ts'

const actions = {
  read: 's3:GetObject',
  write: 's3:PutObject',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
  abort: 's3:AbortMultipartUpload',
} as const

export type Act = keyof typeof actions

/** After this time a caller may ask again for what a limit refused. */
const patienceMs = 10_000

const doing: Readonly<Record<Act, string>> = {
  read: 'Reading',
  write: 'Storing',
  list: 'Listing',
  delete: 'Deleting',
  abort: 'Ending an upload of',
}

export interface Request<T> {
  readonly act: Act
  /** Key or prefix. */
  readonly key: string
  /** One request, tried again where its error may pass. */
  readonly send: (signal: AbortSignal | undefined) => Promise<T>
  /** An outcome for errors that are one: absent, taken, not within the object. */
  readonly outcome?: (failure: AwsFailure) => T | undefined
  readonly signal?: AbortSignal | undefined
}

/** Makes requests: the one place of retries, new credentials, and the meaning of errors. */
export interface Calls {
  readonly port: S3Port
  /** Errors: those of `StorageProvider`, and `UNAUTHENTICATED`, `FORBIDDEN`, `NOT_FOUND` (no such bucket), `TIMEOUT`. */
  readonly request: <T>(request: Request<T>) => Promise<T>
}

export function s3Calls(port: S3Port, options: S3StorageOptions): Calls {
  const { bucket } = options
  const attempts = options.attempts ?? 6
  const arn = `arn:aws:s3:::${bucket}`
  let bucketSeen = false
  const worked = new Set<Act>()

  /** Answers to `HEAD` have no body: a request for one byte says why. */
  async function explained(error: unknown, key: string, signal: AbortSignal | undefined): Promise<unknown> {
    if (!saysNothing(error)) return error
    // That the bucket is not there looks the same; once it was there, absent is the key.
    if (bucketSeen && awsFailure(error).status === 404) return Object.assign(new Error(), { Code: 'NoSuchKey' })
    try {
      await port.get(key, { first: 0, last: 0 }, 1, signal)
    } catch (other) {
      return other
    }
    return new SeamError('UNAVAILABLE', `${key} in bucket ${bucket} came or went while it was asked for.`)
  }

  function meaning(error: unknown, act: Act, key: string): SeamError {
    const { code, status } = awsFailure(error)
    const call = {
      doing: `${doing[act]} ${key} in bucket ${bucket}`,
      action: actions[act],
      resource: act === 'list' ? arn : `${arn}/*`,
    }
    const elsewhere = wrongBucket(error, call.doing)
    if (elsewhere !== undefined) return elsewhere
    const made = (
      as: 'NOT_FOUND' | 'INVALID_INPUT' | 'UNAVAILABLE' | 'LIMIT_EXCEEDED',
      why: string,
      remedy: string,
      pointer?: string,
    ) =>
      new SeamError(as, `${call.doing} failed: ${why}.`, {
        cause: awsCause(error),
        remedy,
        ...(pointer !== undefined && { place: { pointer } }),
      })
    switch (code) {
      case 'QuotaExceeded':
        return made('LIMIT_EXCEEDED', `over a limit of the server (${code})`, 'Free space, or raise the limit.')
      case 'KMS.NotFoundException':
        return made('NOT_FOUND', 'there is no such KMS key', 'Check the key and its region.', '/encryption/keyId')
      case 'KMS.DisabledException':
      case 'KMS.KMSInvalidStateException':
      case 'KMSInvalidStateException':
        return made('UNAVAILABLE', `the KMS key can not be used now (${code})`, 'Enable the key.', '/encryption/keyId')
    }
    // An endpoint that answers in no way that S3 does.
    if (error instanceof SyntaxError || (status === undefined && /deserializ|parse/i.test(messageOf(error))))
      return made('INVALID_INPUT', 'the endpoint does not speak S3', 'Check the endpoint.', '/endpoint')
    return fromAwsError(error, call)
  }

  return {
    port,
    request<T>({ act, key, send, outcome, signal }: Request<T>): Promise<T> {
      let renewed = false
      const once = async (): Promise<T> => {
        try {
          const answer = await send(signal)
          bucketSeen = true
          return answer
        } catch (first) {
          throwIfAborted(signal)
          const error = await explained(first, key, signal)
          if (awsFailure(error).code === 'NoSuchKey') bucketSeen = true
          const found = outcome?.(awsFailure(error))
          if (found !== undefined) return found
          if (!renewed && wantsNewCredentials(error)) {
            renewed = true
            port.renew()
            return once()
          }
          throw meaning(error, act, key)
        }
      }
      const tries = { attempts, minDelayMs: 100, maxDelayMs: 5_000, ...(signal !== undefined && { signal }) }
      return retry(once, tries).then(
        (answer) => {
          worked.add(act)
          return answer
        },
        (error: unknown) => {
          throw lasting(error, worked.has(act))
        },
      )
    },
  }
}

/**
 * What a caller who can wait waits for: throttling and a quota, which without a time would be taken for a limit of its
 * own, and a refusal of what was allowed before, or something else at the endpoint, which end when somebody sees to it.
 */
function lasting(error: unknown, workedBefore: boolean): unknown {
  if (!isSeamError(error)) return error
  const [{ remedy, place } = {}] = error.problems
  const ends = error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN' || place?.pointer === '/endpoint'
  const about = { cause: error, ...(remedy !== undefined && { remedy }), ...(place !== undefined && { place }) }
  if (error.code === 'LIMIT_EXCEEDED' && error.retryAfterMs === undefined)
    return new SeamError('LIMIT_EXCEEDED', error.message, { ...about, retryAfterMs: patienceMs })
  if (workedBefore && ends) return new SeamError('UNAVAILABLE', `Until now it worked: ${error.message}`, about)
  return error
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
