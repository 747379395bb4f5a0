/** One version of an object, or a marker that hides those before it. */
export interface VersionFacts {
  readonly key: string
  readonly versionId: string
  readonly marker: boolean
}

/** A version as it was read. */
export interface LockedObject {
  readonly bytes: Uint8Array
  /** `COMPLIANCE`, `GOVERNANCE`, or `undefined` where there is no retention, or it may not be seen. */
  readonly mode: string | undefined
  /** Epoch milliseconds. */
  readonly retainUntil: number | undefined
  readonly legalHold: boolean
  /** When the server took it, epoch milliseconds by its clock, in whole seconds. */
  readonly storedAt: number | undefined
}

/** The calls of S3 that the anchor is made of. Each is one request and rejects with the client's own error. */
export interface LockPort {
  /** Whether versions are kept. */
  versioned(): Promise<boolean>
  /** Whether objects can be locked. */
  lockable(): Promise<boolean>
  /** Stores a version under COMPLIANCE and resolves with its id. */
  putLocked(
    key: string,
    object: { readonly bytes: Uint8Array; readonly retainUntil: number; readonly legalHold: boolean },
    signal?: AbortSignal,
  ): Promise<string | undefined>
  /** Moves the end of a version's retention to a later date. It stays under COMPLIANCE. */
  extend(key: string, versionId: string, retainUntil: number, signal?: AbortSignal): Promise<void>
  get(key: string, versionId: string, signal?: AbortSignal): Promise<LockedObject>
  /** Versions and markers of the keys with a prefix: keys ascending, of a key the newest first. */
  versions(prefix: string, signal?: AbortSignal): AsyncIterable<VersionFacts>
  /** Asks for the credentials anew before the next call. */
  renew(): void
}
