/**
 * Implementations of `SecretStore` that need no service: files, environment variables and commands.
 *
 * @module
 */
export { commandSecrets } from './command-secrets.ts'
export type { CommandSecretsOptions } from './command-secrets.ts'
export { environmentSecrets } from './environment-secrets.ts'
export type { EnvironmentSecretsOptions } from './environment-secrets.ts'
export { fileSecrets } from './file-secrets.ts'
export type { FileSecrets, FileSecretsOptions, SecretEntry, SetSecretOptions } from './file-secrets.ts'
export type { SecretsGuarantees } from './guarantees.ts'
export { makeIdentityFile } from './identity-file.ts'
export type { SecretEncryption } from './sealed.ts'
