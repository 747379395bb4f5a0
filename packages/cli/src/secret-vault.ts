import type { CallOptions, SecretDescription, SecretStore } from '@seamark/core'

/** What opens the secrets of a data folder; without one they are plain. */
export type VaultKey =
  /** Absolute path of an age identity file. */
  { readonly identityFile: string } | { readonly passphrase: () => Promise<string> }

export interface VaultOptions {
  readonly cwd: string
  /** The configuration that was named; where it says where secrets are, they are there unless there is a key. */
  readonly configFile?: string
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

/** The secrets of a data folder, or of the store of a configuration: what that can not do is `UNSUPPORTED`. */
export interface SecretVault extends SecretStore {
  /** Errors: `UNSUPPORTED` where the store is only read. */
  checkWritable(): void
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
  /** All, by name; of a store that only reads, their names. Errors: `INTEGRITY` after the last one, with each that is damaged. */
  list(options?: CallOptions): AsyncIterable<SecretDescription & Partial<VaultEntry>>
  /** Makes the identity file of the key; `false` if there is one. Resolves with its recipient. */
  makeIdentity(path: string): Promise<{ readonly recipient: string } | false>
}
