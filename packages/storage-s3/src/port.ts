/** How objects are encrypted at rest by the server. */
export type S3Encryption =
  | { readonly mode: 'AES256' }
  | {
      readonly mode: 'aws:kms'
      /** Id, alias or ARN of the key. */
      readonly keyId: string
    }

/** What an answer says of an object's encryption. */
export interface EncryptionFacts {
  readonly mode?: string
  readonly keyId?: string
}

/** What an answer says of an object. */
export interface ObjectFacts {
  /** Size of the whole object, in bytes. */
  readonly size: number
  readonly etag: string
  /** Names without `x-amz-meta-`, lower case. */
  readonly metadata: Readonly<Record<string, string>>
  readonly encryption: EncryptionFacts
}

/** What a listing says of an object. */
export interface ListedObject {
  readonly key: string
  readonly size: number
  /** Epoch milliseconds, by the server's clock, where it says it. */
  readonly storedAt?: number
}

/** What a write answers. */
export interface Written {
  readonly encryption: EncryptionFacts
  /** Base64 of the checksum that the server has, where it says one. */
  readonly checksum?: string
}

/** A part of a multipart upload that the server has. */
export interface UploadedPart {
  readonly number: number
  readonly etag: string
  /** Base64 SHA-256, where the server says it. */
  readonly checksum?: string
}

export interface WriteOptions {
  readonly metadata: Readonly<Record<string, string>>
  readonly ifAbsent: boolean
}

/** Bytes and their digest, which goes with them on the wire. */
export interface Sealed {
  readonly bytes: Uint8Array
  /** Lower-case hex SHA-256. */
  readonly sha256: string
}

/** Of bytes, both of which it has. */
export interface Inclusive {
  readonly first: number
  readonly last: number
}

/** Bytes as they come. It holds a connection until it is read to its end or destroyed. */
export interface Incoming extends AsyncIterable<Uint8Array> {
  destroy(): unknown
}

/** An object, and bytes of it: at hand, or as they come. */
export type Opened = ObjectFacts & ({ readonly bytes: Uint8Array } | { readonly incoming: Incoming })

/**
 * The calls of S3 that a storage is made of, on one bucket. Each is one request, is not tried again here, and rejects
 * with the client's own error.
 */
export interface S3Port {
  put(key: string, body: Sealed, options: WriteOptions, signal?: AbortSignal): Promise<Written>
  /**
   * Bytes `first` to `last`, both inclusive, or without them all. An answer of at most `bytesAtHand` is read
   * before it resolves; a longer one is incoming, and rejects where its connection breaks.
   */
  get(key: string, range: Inclusive | undefined, bytesAtHand: number, signal?: AbortSignal): Promise<Opened>
  /** The same bytes of one version of the object, as they come. */
  stream(key: string, range: Inclusive & { readonly etag: string }, signal?: AbortSignal): Promise<Incoming>
  head(key: string, signal?: AbortSignal): Promise<ObjectFacts>
  /** One page of keys, sizes and times; `next` goes on from there. */
  list(
    prefix: string,
    after: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly next?: string }>
  delete(key: string, signal?: AbortSignal): Promise<void>
  beginUpload(key: string, metadata: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<string>
  uploadPart(key: string, upload: string, number: number, body: Sealed, signal?: AbortSignal): Promise<UploadedPart>
  completeUpload(
    key: string,
    upload: string,
    parts: readonly UploadedPart[],
    ifAbsent: boolean,
    signal?: AbortSignal,
  ): Promise<Written>
  abortUpload(key: string, upload: string, signal?: AbortSignal): Promise<void>
  /** An address for one request with exactly these headers; for `PUT` with a body of exactly this size. */
  presign(
    method: 'GET' | 'PUT',
    key: string,
    expiresInSeconds: number,
    bound: { readonly size?: number; readonly headers: Readonly<Record<string, string>> },
  ): Promise<string>
  /** Asks for the credentials anew before the next call. */
  renew(): void
}

/** Hex as base64. */
export function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}
