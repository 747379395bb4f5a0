import type { S3Encryption } from './port.ts'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export interface S3StorageOptions {
  /** A general purpose bucket, which has to be there. All of it belongs to this storage. */
  readonly bucket: string
  /** Default: that of the environment. */
  readonly region?: string
  /** Address of a server that is not AWS's, such as `https://s3.example.org`. */
  readonly endpoint?: string
  /** The bucket in the path instead of the host name; many servers beside AWS need it. Default false. */
  readonly pathStyle?: boolean
  /** Default: the client's own chain (environment, profile, container, instance). A function is asked again when they expire. */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>)
  /** Set on every object and read back. Default: what the bucket says. */
  readonly encryption?: S3Encryption
  /** Name of this instance. Default `s3`. */
  readonly name?: string
  /** Tries of one request in all. Default 6. */
  readonly attempts?: number
  /** How long a connection may be silent, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
}
