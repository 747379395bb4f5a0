import type { MigrateOptions, MigrateReport } from './migration.ts'
import type { SecretVault, VaultOptions } from './secret-vault.ts'

/** What the binary hands to the command: the two ways to have a service, the way to move one's journal, and its secrets. */
export interface ServiceHost {
  /** Starts a service that others can reach, until it is stopped. Errors: `CONFLICT` naming the one that is there. */
  serve(options: HostOptions): Promise<RunningService>
  /**
   * Starts the same service inside this process, for one command. With `engine: false` it answers
   * questions only, takes no lease and starts nothing. With `finishing` it begins no attempt and takes no plans.
   */
  startInProcess(
    options: HostOptions & { readonly engine: boolean; readonly finishing?: boolean },
  ): Promise<RunningService>
  /** Moves a namespace from one journal to another, verified on arrival. Errors: `CONFLICT`, `INTEGRITY`, those of both journals. */
  migrate(options: MigrateOptions): Promise<MigrateReport>
  /** The secrets of a data folder or a configuration. Nothing is made until one is set. Errors: those of `requireOwnFolder` and of the configuration. */
  secrets(options: VaultOptions): Promise<SecretVault>
}

export interface HostOptions {
  /** Absolute path of the folder that holds everything. Made with mode 0700 where it is not there. */
  readonly dataDir: string
  /** Folder of the project; a configuration file that lies there and was not named is `FORBIDDEN`. */
  readonly cwd: string
  /** The configuration file that the user named, or `none`. */
  readonly configFile?: string
  /** Something failed that is being tried again. */
  readonly onNotice: (error: Error) => void
}

export interface RunningService {
  readonly socketPath: string
  /** Which defaults were filled in, what is not isolated. */
  readonly notes: readonly ServiceNote[]
  /**
   * Where another service leads: who, where it is known, and what resolves once this one has taken over. `listens` is
   * false where that service has the same data folder: then the socket is its own until then.
   */
  readonly standby?: { readonly leader?: string; readonly listens: boolean; readonly over: Promise<void> }
  /** Resolves with the reason when the service can not go on or not be stopped, and with `undefined` when it was stopped. */
  readonly ended: Promise<unknown>
  /** Stops taking commands and lets go of everything; `cancelRunning` cancels all runs, with `keepPaused` but those that are paused. Idempotent. */
  stop(options?: { readonly cancelRunning?: boolean; readonly keepPaused?: boolean }): Promise<void>
  /** Waits until no run is left but those that are paused, of this command or of another one that came through the socket. */
  idle(): Promise<void>
  /** Kills every attempt at once, without waiting for records. Only for a process that is about to end. */
  kill(): Promise<void>
}

/** A sentence for people at a start. */
export interface ServiceNote {
  readonly level: 'info' | 'warn'
  readonly text: string
}
