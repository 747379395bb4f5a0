import type { KeyRole } from './signer.ts'

/** A key that the verifier's user trusts, for one role in one log. */
export interface TrustedKey {
  readonly origin: string
  readonly role: KeyRole
  /** A C2SP verifier key `<name>+<hash>+<base64>` for roles `log` and `witness`; base64 of the 32 raw Ed25519 bytes for `export`. */
  readonly key: string
  /** RFC 3339 instants. */
  readonly validFrom?: string
  readonly validUntil?: string
  readonly compromisedSince?: string
}

/** What a verifier trusts, version 1. Nothing in a bundle can add to it. */
export interface TrustFile {
  readonly version: 1
  readonly keys: readonly TrustedKey[]
  readonly witnesses: readonly { readonly name: string; readonly key: string; readonly owner: string }[]
  /** PEM certificates of time-stamping authorities. */
  readonly tsaRoots: readonly string[]
  /** Checks that must have run and passed, such as `authentic`, `complete-run`, `anchors`. */
  readonly required: readonly string[]
}
