import type { CallOptions, Seam } from './seam.ts'

/** What may be told of a secret to anyone. */
export interface SecretDescription {
  readonly ref: string
  /** Opaque version, changes when the value does. */
  readonly version?: string
  /** Epoch milliseconds. */
  readonly expiresAt?: number
}

/** Where credentials are resolved: at the gateway or the worker, never in a sandbox. */
export interface SecretStore extends Seam<'secrets/v1'> {
  /** Errors: `NOT_FOUND`, `FORBIDDEN`, `UNAVAILABLE`. The value never goes into a log, record or error. */
  resolve(ref: string, options?: CallOptions): Promise<{ readonly value: Uint8Array } & SecretDescription>
  /** `undefined` if there is none. */
  describe(ref: string, options?: CallOptions): Promise<SecretDescription | undefined>
  /** The names that it knows, without a value. Only a store that knows them has it. Errors: `ABORTED`, those of reading. */
  list?(options?: CallOptions): AsyncIterable<SecretDescription>
  /**
   * Puts a value in place of the one that has this version; durable when it resolves. Its end, if it has one, stays. Only a store that can be
   * written has it.
   *
   * Errors: `CONFLICT` where the value is another one by now, `NOT_FOUND` where it was removed, those of writing.
   */
  replace?(ref: string, version: string, value: Uint8Array, options?: CallOptions): Promise<SecretDescription>
}
