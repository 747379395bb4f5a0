/**
 * The `seamark` command. The binary hands it two ways to have a service; everything else is here.
 *
 * @module
 */
export { spentText, warningText } from './budget-text.ts'
export { askedText } from './question-text.ts'
export { runCli } from './cli.ts'
export type { CliContext } from './command.ts'
export { readEnvironment } from './env.ts'
export type { CliEnvironment } from './env.ts'
export type { HostOptions, RunningService, ServiceHost, ServiceNote } from './host.ts'
export { makeNamedFolder } from './make-folder.ts'
export { requireOwnFolder } from './own-folder.ts'
export { readServiceFile, serviceFilePath } from './service-file.ts'
export type { ServiceFile } from './service-file.ts'
export { listens, socketAddress } from './socket-address.ts'
export type { MigrateOptions, MigrateProgress, MigrateReport } from './migration.ts'
export type { SecretVault, VaultEntry, VaultKey, VaultOptions } from './secret-vault.ts'
export { nodeTerminal } from './terminal.ts'
export type { Terminal, TerminalOptions } from './terminal.ts'
