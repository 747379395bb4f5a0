import type { LaunchLimits } from '@seamark/core'
import type { SupervisorOptions } from '@seamark/supervisor'
import type { Toolchain } from './root.ts'

export interface SandboxExecutorOptions extends SupervisorOptions {
  /** The name of this instance. Default `sandbox`. */
  readonly name?: string
  /** The path of bubblewrap. Default: the usual places. */
  readonly bubblewrap?: string
  readonly toolchain?: Toolchain
  /**
   * What holds an attempt where its policy says nothing, each limit by itself; `Infinity` for none. Default: half of the memory
   * that this machine has, or that the service's control group may have, and 4,096 processes and threads; with `darwin`, none.
   * One that can not be held here is told by `unavailable`, and refused with each launch.
   */
  readonly limits?: LaunchLimits
  /** Whose sandboxes: Seatbelt's for `darwin`, bubblewrap's for any other. Default: this machine's. */
  readonly platform?: NodeJS.Platform
  /** The path of `sandbox-exec`, for `darwin`. Default `/usr/bin/sandbox-exec`. */
  readonly sandboxExec?: string
}
