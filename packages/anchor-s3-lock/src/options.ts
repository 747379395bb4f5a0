import type { Clock } from '@seamark/kit'

export interface S3LockCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export interface S3LockAnchorOptions {
  /** A bucket with versions and Object Lock, best one of another account. */
  readonly bucket: string
  /** For how many days nobody can remove a checkpoint, its owner and the account's root included. 1 to 36,500. */
  readonly retentionDays: number
  /** A hold beside the retention, without a date. Who may take it away can do so at any time. Default false. */
  readonly legalHold?: boolean
  /**
   * How often a checkpoint is left while no run is sealed, in milliseconds; a sealed run's is left at once. What is
   * locked costs until its date. At least 1,000. Default 10 minutes.
   */
  readonly everyMs?: number
  /** Default: that of the environment. */
  readonly region?: string
  /** Address of a server that is not AWS's. */
  readonly endpoint?: string
  /** The bucket in the path instead of the host name. Default false. */
  readonly pathStyle?: boolean
  /** Default: the client's own chain. */
  readonly credentials?: S3LockCredentials | (() => Promise<S3LockCredentials>)
  /** Name of this instance. Default `s3-lock`. */
  readonly name?: string
  /** Tries of one request in all. Default 6. */
  readonly attempts?: number
  /** How long a connection may be silent, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
  /** Source of `at` in receipts and of the date of retention. Default the machine's. */
  readonly clock?: Clock
}
