import type { CallOptions, Claim, Seam } from './seam.ts'

/** What a holder of wrapping keys promises. */
export interface DataKeysGuarantees {
  /** The wrapping key can not be read by the process that asks for data keys. */
  readonly keyConfined: Claim<boolean>
}

/** What a data key is bound to: it opens only for the same pairs. Not secret, and shown in the holder's audit log. */
export type EncryptionContext = Readonly<Record<string, string>>

export interface DataKey {
  /** The key itself, 32 bytes. Who asked for it overwrites it after use. */
  readonly plaintext: Uint8Array
  /** The same key, readable only by the holder; at most 448 bytes. Kept beside what it encrypts. */
  readonly wrapped: Uint8Array
}

/** Who makes and opens the keys that data is encrypted with. */
export interface DataKeys extends Seam<'data-keys/v1', DataKeysGuarantees> {
  /**
   * A fresh key. Errors: `UNAVAILABLE` (retry), `FORBIDDEN`, `UNAUTHENTICATED`, `NOT_FOUND` (wrapping key gone),
   * `INVALID_INPUT` (wrapping key of another kind).
   */
  generate(context: EncryptionContext, options?: CallOptions): Promise<DataKey>
  /**
   * The plaintext of a wrapped key, also of one from before a rotation of the wrapping key. Errors: those of
   * `generate`, and `INTEGRITY` when it is damaged or was made for another context.
   */
  unwrap(wrapped: Uint8Array, context: EncryptionContext, options?: CallOptions): Promise<Uint8Array>
}
