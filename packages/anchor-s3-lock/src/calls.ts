import { retry, throwIfAborted } from '@seamark/kit'
import { fromAwsError, wantsNewCredentials, wrongBucket } from '@seamark/kit/aws'
import type { AwsCall } from '@seamark/kit/aws'
import type { SeamError } from '@seamark/kit'
import type { S3LockAnchorOptions } from './options.ts'
import type { LockPort } from './port.ts'

export interface Calls {
  readonly port: LockPort
  /** The one place of retries, new credentials, and the meaning of errors. `action` is what a policy must allow. */
  readonly request: <T>(
    what: {
      readonly doing: string
      readonly action: AwsCall['action']
      readonly signal?: AbortSignal | undefined
    },
    send: () => Promise<T>,
  ) => Promise<T>
}

export function lockCalls(port: LockPort, { bucket, attempts = 6 }: S3LockAnchorOptions): Calls {
  const arn = `arn:aws:s3:::${bucket}`

  function meaning(error: unknown, doing: string, action: AwsCall['action']): SeamError {
    const elsewhere = wrongBucket(error, doing)
    if (elsewhere !== undefined) return elsewhere
    const resource = typeof action === 'string' && action.includes('Bucket') ? arn : `${arn}/*`
    return fromAwsError(error, { doing, action, resource })
  }

  return {
    port,
    request({ doing, action, signal }, send) {
      let renewed = false
      const once = async (): ReturnType<typeof send> => {
        try {
          return await send()
        } catch (error) {
          throwIfAborted(signal)
          if (renewed || !wantsNewCredentials(error)) throw meaning(error, `${doing} in bucket ${bucket}`, action)
          renewed = true
          port.renew()
          return once()
        }
      }
      return retry(once, { attempts, minDelayMs: 100, maxDelayMs: 5_000, ...(signal !== undefined && { signal }) })
    },
  }
}
