import type { CallOptions, Claim, Seam } from './seam.ts'

/** What a storage promises. */
export interface StorageGuarantees {
  /** When `put` has resolved, the bytes survive loss of power. */
  readonly durable: Claim<boolean>
  /**
   * `ifAbsent` decides between concurrent writers. Where it does not, an object that is there when `put` begins is
   * kept all the same, but of writers that meet each may be told `created`, and the last one's body stays. Correctness
   * never rests on it: what is written under a key that concurrent writers share is named by its content.
   */
  readonly conditionalWrite: Claim<boolean>
  /** What `get` yields of a whole object was checked against the digest given at `put`. */
  readonly verifiedRead: Claim<boolean>
  /** What `get` yields of a range was checked, too. */
  readonly verifiedRange: Claim<boolean>
}

/** What is known of a stored object. */
export interface StoredObject {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex SHA-256 of the bytes, where the storage keeps it. */
  readonly sha256?: string
  /**
   * Epoch milliseconds at which it was put, by the clock of the storage. `list` says it wherever the storage has `delete`:
   * without it nobody can tell what is old enough to be deleted.
   */
  readonly storedAt?: number
}

export interface PutOptions extends CallOptions {
  /** Write only if the key is free; otherwise nothing changes and `created` is false. */
  readonly ifAbsent?: boolean
  /** Exact size in bytes; a body of another size is `INTEGRITY` and nothing is stored. */
  readonly size?: number
  /** Lower-case hex SHA-256; a body of another digest is `INTEGRITY` and nothing is stored. */
  readonly sha256?: string
}

/** A part of an object: `start` inclusive, `end` exclusive, in bytes. */
export interface ByteRange {
  readonly start: number
  readonly end?: number
}

export interface PresignRequest {
  readonly key: string
  readonly method: 'GET' | 'PUT'
  readonly expiresInMs: number
  /**
   * For `PUT`: exact size and digest. The address can be used once; where the storage has no `conditionalWrite`, again,
   * but only with the same bytes.
   */
  readonly size?: number
  readonly sha256?: string
}

/**
 * Where bytes live. A key is 1 to 1,024 bytes of `/`-separated segments; a segment is one or more
 * of `A-Z a-z 0-9 . _ -` and not `.` or `..`. Any other key is `INVALID_INPUT`. The first segment
 * is the namespace.
 */
export interface StorageProvider extends Seam<'storage/v1', StorageGuarantees> {
  /**
   * Stores a body whole or not at all: a reader never sees a part of it. Constant memory.
   * Errors: `INVALID_INPUT`, `INTEGRITY`, `LIMIT_EXCEEDED` (no space), `UNAVAILABLE`.
   */
  put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<StoredObject & { readonly created: boolean }>

  /**
   * Streams an object or a range of it; `undefined` if there is none. A range past the end is
   * `INVALID_INPUT`. Damaged content ends the stream with `INTEGRITY`.
   */
  get(
    key: string,
    options?: CallOptions & { readonly range?: ByteRange },
  ): Promise<(StoredObject & { readonly body: AsyncIterable<Uint8Array> }) | undefined>

  head(key: string, options?: CallOptions): Promise<StoredObject | undefined>

  /** Objects whose key begins with `prefix`, in ascending order of the key's bytes. */
  list(prefix: string, options?: CallOptions): AsyncIterable<StoredObject>

  /** Idempotent: deleting what is not there is no error. */
  delete?(key: string, options?: CallOptions): Promise<void>

  /**
   * Finds out what the place really gives, before anything relies on it; `guarantees` say it from then on. Whoever
   * starts a service calls it first. Errors: those of `put`, and `UNSUPPORTED` where it can not do what it was told to.
   */
  ready?(options?: CallOptions): Promise<void>

  /** A short-lived address for one method on one key. */
  presign?(
    request: PresignRequest,
    options?: CallOptions,
  ): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }>
}
