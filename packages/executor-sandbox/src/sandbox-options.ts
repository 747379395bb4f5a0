import type { SupervisorOptions } from '@seamark/supervisor'
import type { Toolchain } from './root.ts'

export interface SandboxExecutorOptions extends SupervisorOptions {
  /** The name of this instance. Default `sandbox`. */
  readonly name?: string
  /** The path of bubblewrap. Default: the usual places. */
  readonly bubblewrap?: string
  readonly toolchain?: Toolchain
  /** Whose sandboxes: Seatbelt's for `darwin`, bubblewrap's for any other. Default: this machine's. */
  readonly platform?: NodeJS.Platform
  /** The path of `sandbox-exec`, for `darwin`. Default `/usr/bin/sandbox-exec`. */
  readonly sandboxExec?: string
}
