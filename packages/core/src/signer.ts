import type { CallOptions, Claim, Seam } from './seam.ts'

/** One key per role: a signature made for one role never counts for another. */
export type KeyRole = 'log' | 'attestation' | 'dispatch' | 'export' | 'witness'

export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256-sha256'

/** What a signer promises. */
export interface SignerGuarantees {
  /** The private key can not be read by the process that asks for signatures. */
  readonly keyConfined: Claim<boolean>
}

export interface PublicKey {
  readonly algorithm: SignatureAlgorithm
  /** For Ed25519 the 32 raw bytes (RFC 8032); for P-256 the DER SubjectPublicKeyInfo. */
  readonly bytes: Uint8Array
  /** Stable id of the key at its holder: never reused for another key. */
  readonly keyId: string
}

/** Who vouches for a checkpoint, an export or an attestation. */
export interface Signer extends Seam<'signer/v1', SignerGuarantees> {
  readonly role: KeyRole
  /**
   * Signs bytes as they are when it is called (never pre-hashed by the caller).
   * Errors: `UNAVAILABLE` (retry), `FORBIDDEN`, `NOT_FOUND` (key gone), `INTEGRITY` (key is another one than pinned).
   */
  sign(
    bytes: Uint8Array,
    options?: CallOptions,
  ): Promise<{
    readonly signature: Uint8Array
    readonly algorithm: SignatureAlgorithm
    readonly keyId: string
  }>
  publicKey(options?: CallOptions): Promise<PublicKey>
}
