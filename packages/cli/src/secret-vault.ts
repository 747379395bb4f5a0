import type { CallOptions, SecretDescription, SecretStore } from '@seamark/core'

/** What opens the secrets of a data folder; without one they are plain. */
export type VaultKey =
  /** Absolute path of an age identity file. */
  { readonly identityFile: string } | { readonly passphrase: () => Promise<string> }

export interface VaultOptions {
  /** Absolute path of the folder that holds everything. */
  readonly dataDir: string
  readonly key?: VaultKey
}

/** What is told of a stored secret. */
export interface VaultEntry extends SecretDescription {
  readonly version: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Epoch milliseconds of this value. */
  readonly updatedAt: number
  readonly encrypted: boolean
}

/** The secrets of a data folder. */
export interface SecretVault extends SecretStore {
  /** Errors: those of the store; a damaged one is never written over. */
  set(
    name: string,
    value: Uint8Array,
    options?: CallOptions & {
      /** Epoch milliseconds. */
      readonly expiresAt?: number
    },
  ): Promise<VaultEntry>
  /** `false` if there is none. */
  delete(name: string, options?: CallOptions): Promise<boolean>
  /** All, by name. Errors: `INTEGRITY` after the last one, with each that is damaged. */
  list(options?: CallOptions): AsyncIterable<VaultEntry>
  /** Makes the identity file of the key; `false` if there is one. Resolves with its recipient. */
  makeIdentity(path: string): Promise<{ readonly recipient: string } | false>
}
